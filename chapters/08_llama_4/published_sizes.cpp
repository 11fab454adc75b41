#include "chapters/08_llama_4/published_sizes.hpp"

namespace ch8 {
namespace {

Config published(std::size_t num_experts, std::size_t interleave_moe_layer_step) {
    Config config;
    config.heads = {.dim = 5120,
                    .n_heads = 40,
                    .n_kv_heads = 8,
                    .head_dim = 128,
                    .max_batch_size = 1,
                    .max_seq_len = 8192};
    config.n_layers = 48;
    config.vocab_size = 202048;
    config.attention_chunk_size = 8192;
    config.hidden_dim = 16384;
    config.expert_dim = 8192;
    config.num_experts = num_experts;
    config.top_k = 1;
    for (std::size_t layer = 0; layer < config.n_layers; ++layer) {
        if ((layer + 1) % interleave_moe_layer_step == 0) config.moe_layers.push_back(layer);
    }
    return config;
}

}  // namespace

Config llama_4_scout() {
    return published(16, 1);
}

Config llama_4_maverick() {
    return published(128, 2);
}

}  // namespace ch8
