#include <algorithm>

#include "call.hpp"

// The keys that the queries first_query, first_query + 1, ... of a tile need. n_queries is at least 1.
Range keys_of(const Call& call, std::size_t first_query, std::size_t) {
    Range range{0, call.n_keys};

    // The first query sees the oldest key.
    const std::size_t p = call.start_pos + first_query;
    const std::size_t oldest = call.window > 0 && p + 1 > call.window ? p + 1 - call.window : 0;
    range.first = std::max(oldest, call.first_key) - call.first_key;

    // The last query sees the newest key.
    const std::size_t q = p;
    if (call.causal) range.stop = std::min(q + 1 - call.first_key, call.n_keys);
    range.first = std::min(range.first, range.stop);
    return range;
}
