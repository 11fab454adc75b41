// Chapter 7: the cache stores one small latent of each token instead of all its keys and values. The notebook
// ends before this chapter. PyTorch prints the same tensors for torch.manual_seed(156), x = torch.randn(1, 3,
// 8), then wq_a, wq_b, wkv_a, wkv_b, wo as nn.Linear without bias, x_next = torch.randn(1, 1, 8), and a
// direct wq.
#include "chapters/07_multi_head_latent_attention/walk.hpp"

#include "chapters/07_multi_head_latent_attention/mistakes.hpp"
#include "chapters/07_multi_head_latent_attention/walk_options.hpp"
#include "common/ranks/process_group.hpp"
#include "common/torch/random.hpp"

namespace {

const Chapter chapter{
    .number = 7,
    .folder = "07_multi_head_latent_attention",
    .title = "Multi-head latent attention",
    .letters =
        "B sequences in a batch, T new tokens, S tokens so far, H heads, dim width of an embedding, c width of the "
        "latent (kv_lora_rank); of a head: nope and rope, the parts of a key without and with position, v width of "
        "a value",
    .takes = Takes::layer};

ch7::Setting draw_setting(Walkthrough& walk) {
    const ch7::Config& config = ch7::small_config;
    torch::Generator generator(walk.seed(156));
    ch7::Setting setting;
    setting.x = torch::view<3>(torch::randn(generator, 3, config.dim), {1, 3, config.dim});
    setting.weights = ch7::random_weights(generator, config);
    setting.x_next = torch::view<3>(torch::randn(generator, 1, config.dim), {1, 1, config.dim});
    setting.wq = ch2::random_linear(generator, config.dim, config.n_heads * config.qk_head_dim());
    setting.positions = ch7::positions(config, 10000.0f, std::nullopt, config.max_seq_len);
    return setting;
}

// The walk splits the small layer into two ranks, unless --world-size or mpirun gives another number.
std::unique_ptr<Ranks> small_layers_ranks(Walkthrough& walk, const ProcessGroup& group,
                                          std::optional<std::size_t> world_size) {
    const bool is_alone = group.processes() == 1;
    if (world_size.value_or(2) != 2) walk.expects_differences("PyTorch's are of 2 ranks");
    return group.ranks(is_alone ? world_size.value_or(2) : world_size);
}

}  // namespace

int main(int argc, char** argv) {
    const ProcessGroup group;
    ch7::Choices choices;
    const auto tell = [&](Walkthrough& walk) {
        if (walk.own().any()) {
            return ch7::walk_own_layer(walk, choices.on, chosen_engine(7, choices.engine, flash_engine()),
                                       *group.ranks(choices.world_size));
        }
        if (choices.journey) return ch7::walk_journey(walk);

        const ch7::Setting setting = draw_setting(walk);
        if (!choices.on.is_cpu()) {
            return ch7::walk_on_device(walk, choices.on, setting.x, setting.x_next, setting.weights,
                                       ch7::small_config, setting.positions);
        }
        ch7::TwoForms forms;
        forms.naive = ch7::naive_attention(setting.x, setting.weights, ch7::small_config, setting.positions,
                                           forms.naive_cache, 0);
        forms.absorbed = ch7::absorbed_attention(setting.x, setting.weights, ch7::small_config,
                                                 setting.positions, forms.latent_cache, 0);
        ch7::walk_cache_and_projections(walk, setting, forms);
        ch7::walk_two_forms(walk, setting, forms);
        ch7::walk_in_practice(walk, setting, forms, *small_layers_ranks(walk, group, choices.world_size));
    };
    return walk_through({.chapter = chapter,
                         .tell = tell,
                         .mistakes = ch7::mistakes,
                         .options = ch7::options(choices),
                         .speaks = group.speaks()},
                        argc, argv);
}
