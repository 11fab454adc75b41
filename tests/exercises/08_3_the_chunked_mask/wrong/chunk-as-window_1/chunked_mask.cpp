#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/tensor.hpp"

// True if query i, at position start_pos + i, must not see key j: because j is later, or in an earlier chunk.
// (T, S), where T = tokens and S = start_pos + tokens
ch3::MaskMatrix chunked_mask(std::size_t tokens, std::size_t start_pos, std::size_t chunk) {
    ch3::MaskMatrix mask = xt::zeros<bool>({tokens, start_pos + tokens});
    for (std::size_t i = 0; i < tokens; ++i) {
        const std::size_t position = start_pos + i;
        for (std::size_t j = 0; j < mask.shape(1); ++j) {
            mask(i, j) = j > position || j + chunk <= position;
        }
    }
    return mask;
}
