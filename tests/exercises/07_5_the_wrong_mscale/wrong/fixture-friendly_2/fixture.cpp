#include "common/tensor.hpp"
#include "yarn.hpp"

// Two different settings, and one query with two different scores.
Fixture fixture() {
    return {Matrix{{1.0f}, {-2.0f}}, Yarn{.factor = 40.0f, .mscale = 1.0f, .mscale_all_dim = 0.5f}};
}
