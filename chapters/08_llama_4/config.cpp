#include "chapters/08_llama_4/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ch8 {

bool contains(const Layers& layers, std::size_t layer) {
    return std::find(layers.begin(), layers.end(), layer) != layers.end();
}

void check(const Config& config) {
    ch5::check(config.heads);
    const auto refuse_zero = [](const char* name, std::size_t size) {
        if (size == 0) throw std::invalid_argument(fmt::format("{} must be at least 1", name));
    };
    refuse_zero("n_layers", config.n_layers);
    refuse_zero("vocab_size", config.vocab_size);
    refuse_zero("attention_chunk_size", config.attention_chunk_size.value_or(1));

    const std::size_t moe = config.moe_layers.size();
    if (moe < config.n_layers) refuse_zero("hidden_dim", config.hidden_dim);
    if (moe > 0) {
        refuse_zero("num_experts", config.num_experts);
        refuse_zero("top_k", config.top_k);
        refuse_zero("expert_dim", config.expert_dim);
        if (config.top_k > config.num_experts) {
            throw std::invalid_argument(fmt::format("top_k is {}, but a layer has only {} experts",
                                                    config.top_k, config.num_experts));
        }
    }
    if (config.nope_layers.size() < config.n_layers && config.heads.head_dim % 2 != 0) {
        throw std::invalid_argument(
            fmt::format("RoPE rotates pairs: head_dim = {} is not even", config.heads.head_dim));
    }
}

}  // namespace ch8
