// A call of a layer that has a cache. This file is given.
#pragma once
#include <cstddef>

struct Call {
    std::size_t start_pos;  // the tokens that are in the cache already
    std::size_t tokens;     // the new tokens, at the positions from start_pos on
    std::size_t chunk;      // the positions 0 to chunk - 1 are one chunk, the next `chunk` another
};
