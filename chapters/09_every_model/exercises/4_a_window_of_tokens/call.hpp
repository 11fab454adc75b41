// A call of a layer that has a window. This file is given.
#pragma once
#include <cstddef>

struct Call {
    std::size_t start_pos;  // the tokens that came before
    std::size_t tokens;     // the new tokens, at the positions from start_pos on
    std::size_t window;     // the number of keys that a query may see, its own included
};
