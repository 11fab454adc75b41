#include "common/tensor.hpp"

// One new token after one cached token. The bug hides the new token's own key.
Matrix fixture() {
    return Matrix{{0.5f, -1.5f}};
}
