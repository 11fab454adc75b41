// Which keys a query sees. This file is given.
#pragma once
#include <cstddef>

struct Call {
    std::size_t n_keys;     // the keys have the indices 0 to n_keys - 1
    std::size_t start_pos;  // query i is at position start_pos + i
    std::size_t first_key;  // key j is at position first_key + j; never after the position of query 0
    bool causal;            // no query sees a later key
    std::size_t window;     // a query sees the newest so many keys, its own included; 0: all
};

// The keys first, first + 1, ..., stop - 1. These are indices, not positions.
struct Range {
    std::size_t first, stop;
};
