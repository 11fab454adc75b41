#include "chapters/05_grouped_query_attention/config.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace ch5 {

void check(const Config& config) {
    const std::pair<const char*, std::size_t> sizes[] = {{"dim", config.dim},
                                                         {"n_heads", config.n_heads},
                                                         {"n_kv_heads", config.kv_heads()},
                                                         {"head_dim", config.head_dim},
                                                         {"max_batch_size", config.max_batch_size},
                                                         {"max_seq_len", config.max_seq_len}};
    for (const auto& [name, size] : sizes) {
        if (size == 0) throw std::invalid_argument(fmt::format("{} must be at least 1", name));
    }
    if (config.n_heads % config.kv_heads() != 0) {
        throw std::invalid_argument(fmt::format("{} query heads cannot share {} key heads evenly",
                                                config.n_heads, config.kv_heads()));
    }
}

}  // namespace ch5
