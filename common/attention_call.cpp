#include "common/attention_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

View4 one_head(const Tensor3& keys) {
    return View4(keys, {keys.shape(0), keys.shape(1), 1, keys.shape(2)});
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
    require(call.queries.shape(3) == call.keys.shape(3) && call.queries_pe.shape(3) == call.keys_pe.shape(3),
            fmt::format("queries of {} + {} numbers do not fit keys of {} + {}", call.queries.shape(3),
                        call.queries_pe.shape(3), call.keys.shape(3), call.keys_pe.shape(3)));
}
