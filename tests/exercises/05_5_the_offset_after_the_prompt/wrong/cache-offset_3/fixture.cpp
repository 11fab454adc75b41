#include <vector>

#include "common/tensor.hpp"

// A prompt of two tokens, then two more. With the bug, the last key is at position 4 instead of 3.
std::vector<std::size_t> fixture() {
    return {2, 1, 1};
}
