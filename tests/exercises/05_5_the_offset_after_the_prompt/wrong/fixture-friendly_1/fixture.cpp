#include <vector>

#include "common/tensor.hpp"

// A prompt of six tokens, then one more.
std::vector<std::size_t> fixture() {
    return {6, 1};
}
