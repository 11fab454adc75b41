// Chapter 9: one attention for every model since Llama. A model is a recipe of choices, and the walk shows
// each choice with what it cures. PyTorch prints the same tensors for torch.manual_seed(1820) and the modules
// in the order in which data/notebooks/src/09_every_model.py constructs them.
#include "chapters/09_every_model/walk.hpp"

#include "chapters/09_every_model/mistakes.hpp"
#include "chapters/09_every_model/walk_options.hpp"
#include "chapters/09_every_model/walk_real_model.hpp"

namespace {

const Chapter chapter{
    .number = 9,
    .folder = "09_every_model",
    .title = "One attention, every model",
    .letters =
        "B sequences in a batch, T new tokens, S visible keys, H query heads, H_kv key and value heads, dim width of "
        "an embedding, head_dim width of a head",
    .takes = Takes::layer};

}  // namespace

int main(int argc, char** argv) {
    ch9::Choices choices;
    const auto tell = [&](Walkthrough& walk) {
        if (walk.own().any()) {
            return ch9::walk_own_model(walk, choices.wanted,
                                       chosen_engine(9, choices.engine, flash_engine()));
        }
        torch::Generator generator(walk.seed(ch9::walk_seed));
        const ch9::Setting setting = ch9::draw_setting(generator);
        const ch9::Variants all = ch9::variants_of(setting);
        ch9::walk_projections(walk, setting, all);
        ch9::walk_scores(walk, setting, all);
        ch9::walk_visible_keys(walk, setting, all);
        ch9::walk_positions(walk, setting, all);
        ch9::walk_gate_and_cache(walk, setting, all);
        ch9::walk_models(walk);
        ch9::walk_real_model(walk);
    };
    return walk_through(
        {.chapter = chapter, .tell = tell, .mistakes = ch9::mistakes, .options = ch9::options(choices)}, argc,
        argv);
}
