#include "chapters/08_llama_4/small_model.hpp"

#include "common/torch/random.hpp"

namespace ch8 {

Config small_config() {
    Config config;
    config.heads = {
        .dim = 8, .n_heads = 4, .n_kv_heads = 2, .head_dim = 4, .max_batch_size = 1, .max_seq_len = 10};
    config.n_layers = 4;
    config.vocab_size = vocabulary().size();
    config.nope_layers = config.global_layers = {3};  // nope_layer_interval 4
    config.attention_chunk_size = 4;
    config.use_qk_norm = config.attn_temperature_tuning = true;
    config.floor_scale = 2.0f;
    config.hidden_dim = hidden_width(config.heads.dim, 0.5, 6);
    config.moe_layers = {1, 3};  // interleave_moe_layer_step 2
    config.num_experts = 4;
    config.top_k = 1;
    config.expert_dim = expert_width(config.heads.dim, 4.0, 0.5, 2.0, 6);
    return config;
}

ch6::ComplexMatrix small_table() {
    const Config config = small_config();
    return ch6::rotation_table(ch6::frequencies(config.heads.head_dim, 10000.0f), config.heads.max_seq_len);
}

const std::vector<std::string>& vocabulary() {
    static const std::vector<std::string> words = {"Your", "journey", "starts", "with", "one", "step",
                                                   "and",  "then",    "goes",   "on",   "far", "."};
    return words;
}

const std::string& word(std::int64_t token) {
    return vocabulary().at(static_cast<std::size_t>(token));
}

Tokens small_text() {
    return {{0, 1, 2, 3, 4, 5}};
}

Images random_images(torch::Generator& generator) {
    constexpr std::size_t vision_width = 5;
    const std::size_t tokens = small_text().size();
    Images images;
    images.vision_projection = ch2::random_linear(generator, vision_width, small_config().heads.dim);
    images.embedding =
        torch::view<3>(torch::randn(generator, tokens, vision_width), {1, tokens, vision_width});
    images.mask = {{false, true, true, false, false, false}};
    return images;
}

Setting run_small_model(std::uint64_t seed) {
    Setting setting{.config = small_config(),
                    .tokens = small_text(),
                    .weights = {},
                    .embeddings = {},
                    .table = small_table(),
                    .caches = make_caches(small_config()),
                    .trace = {},
                    .images = {}};
    torch::Generator generator(seed);
    setting.weights = random_weights(generator, setting.config);
    setting.images = random_images(generator);
    setting.embeddings = embed(setting.tokens, setting.weights.tok_embeddings);
    setting.trace =
        run_model(setting.embeddings, setting.weights, setting.config, setting.table, setting.caches, 0);
    return setting;
}

}  // namespace ch8
