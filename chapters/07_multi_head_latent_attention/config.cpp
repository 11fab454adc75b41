#include "chapters/07_multi_head_latent_attention/config.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace ch7 {

void check(const Config& config) {
    const std::pair<const char*, std::size_t> sizes[] = {{"dim", config.dim},
                                                         {"n_heads", config.n_heads},
                                                         {"kv_lora_rank", config.kv_lora_rank},
                                                         {"qk_nope_head_dim", config.qk_nope_head_dim},
                                                         {"qk_rope_head_dim", config.qk_rope_head_dim},
                                                         {"v_head_dim", config.v_head_dim},
                                                         {"max_batch_size", config.max_batch_size},
                                                         {"max_seq_len", config.max_seq_len}};
    for (const auto& [name, size] : sizes) {
        if (size == 0) throw std::invalid_argument(fmt::format("{} must be at least 1", name));
    }
    if (config.qk_rope_head_dim % 2 != 0) {
        throw std::invalid_argument(
            fmt::format("RoPE rotates pairs: qk_rope_head_dim = {} is not even", config.qk_rope_head_dim));
    }
}

}  // namespace ch7
