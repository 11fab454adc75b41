#include "common/attention_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

HeadsInMemory in_memory(const Tensor4& x) {
    const std::size_t rows = x.shape(1), heads = x.shape(2), width = x.shape(3);
    return {x.data(), rows * heads * width, heads * width, width, width};
}

HeadsInMemory in_memory(const Tensor3& x) {
    const std::size_t rows = x.shape(1), width = x.shape(2);
    return {x.data(), rows * width, width, 0, width};
}

HeadsInMemory columns(const HeadsInMemory& x, std::size_t start, std::size_t length) {
    if (start > x.width || length > x.width - start) {
        throw std::invalid_argument(
            fmt::format("columns: a head of {} has no columns {} to {}", x.width, start, start + length));
    }
    HeadsInMemory part = x;
    part.data += start;
    part.width = length;
    return part;
}

AttentionCall::Range AttentionCall::visible(std::size_t query) const {
    const std::size_t position = start_pos + query;
    // A window of w keys includes the query's own. A chunk begins at a multiple of its length.
    const std::size_t of_window = window > 0 && position >= window ? position + 1 - window : 0;
    const std::size_t of_chunk = chunk > 0 ? position / chunk * chunk : 0;
    const std::size_t first = std::max({of_window, of_chunk, first_key}) - first_key;
    // A query that looks both ways sees beyond its own position.
    const std::size_t after = causal ? position + 1 : first_key + n_keys;
    const std::size_t stop = std::min(std::max(after, first_key) - first_key, n_keys);
    return {std::min(first, stop), stop};
}

void check(const AttentionCall& call) {
    const auto require = [](bool fits, const std::string& why) {
        if (!fits) throw std::invalid_argument("attention: " + why);
    };
    require(call.n_kv_heads > 0 && call.n_heads % call.n_kv_heads == 0,
            fmt::format("{} query heads cannot share {} key heads equally", call.n_heads, call.n_kv_heads));
    require(call.queries.width == call.keys.width && call.queries_pe.width == call.keys_pe.width,
            fmt::format("queries of {} + {} numbers do not fit keys of {} + {}", call.queries.width,
                        call.queries_pe.width, call.keys.width, call.keys_pe.width));
}
