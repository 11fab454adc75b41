#include "chapters/03_causal_mask_and_dropout/causality.hpp"

#include <cstring>

namespace ch3 {

Matrix perturb_token(const Matrix& x, std::size_t token) {
    Matrix changed = x;
    for (std::size_t column = 0; column < x.shape(1); ++column) changed.at(token, column) += 1.0f;
    return changed;
}

std::vector<bool> rows_changed(const Matrix& before, const Matrix& after) {
    std::vector<bool> changed(before.shape(0));
    const std::size_t row_bytes = before.shape(1) * sizeof(float);
    for (std::size_t i = 0; i < changed.size(); ++i) {
        changed[i] = std::memcmp(&before.at(i, 0), &after.at(i, 0), row_bytes) != 0;
    }
    return changed;
}

}  // namespace ch3
