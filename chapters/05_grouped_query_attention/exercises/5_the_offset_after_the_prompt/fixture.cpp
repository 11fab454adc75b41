#include <vector>

#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"

// The number of tokens of each call, from 1 to 50: return {1, 1, 1};
std::vector<std::size_t> fixture() {
    throw exercise::Missing("return numbers of tokens with which the bug fills the cache in another way");
}
