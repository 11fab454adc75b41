// Bug 10: a mask of 4 axes meets scores of 5 axes, and broadcasts along the wrong ones.
// B = sequences, K = key heads, G = query heads for each key head, H = K * G, T = tokens, S = keys
#include <limits>

#include "chapters/03_causal_mask_and_dropout/causal_mask.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_10 {

using Scores = Tensor<5>;            // (B, K, G, T, S)
using Mask = xt::xtensor<bool, 4>;   // (B, 1, T, S), True masks
using Mask5 = xt::xtensor<bool, 5>;  // (B, 1, 1, T, S)

constexpr float minus_inf = -std::numeric_limits<float>::infinity();

// (B, K, G, T, S) -> (B, H, T, S)
Tensor4 weights_of(const Scores& masked) {
    const std::size_t heads = masked.shape(1) * masked.shape(2);
    return ch3::masked_softmax(
        torch::view<4>(masked, {masked.shape(0), heads, masked.shape(3), masked.shape(4)}));
}

Tensor4 shipped(const Scores& scores, const Mask& mask) {
    // Axes align from the right: the mask's B meets K.
    const Scores masked = xt::where(mask, minus_inf, scores);
    return weights_of(masked);
}

Tensor4 repaired(const Scores& scores, const Mask& mask) {
    const Mask5 wide = xt::view(mask, xt::all(), xt::newaxis());
    const Scores masked = xt::where(wide, minus_inf, scores);
    return weights_of(masked);
}

bug::Fixture fixture(const std::string& title, const std::string& why, const Scores& scores,
                     const Mask& mask) {
    return {title,
            why,
            {{"scores", scores, {"B", "K", "G", "T", "S"}}, {"mask", mask, {"B", "1", "T", "S"}}},
            shipped(scores, mask),
            repaired(scores, mask)};
}

bug::Bug tell() {
    const Scores of_one = {{{{{1.0f, -0.5f, 0.5f}}}, {{{0.5f, 2.0f, -1.0f}}}}};
    const Scores of_two = {{{{{1.0f, -0.5f, 0.5f}}}, {{{0.5f, 2.0f, -1.0f}}}},
                           {{{{-1.0f, 0.5f, 1.5f}}}, {{{1.0f, 1.0f, -0.5f}}}}};
    return {
        .title = "A mask that broadcasts along the wrong axis",
        .threads = {"ml-explore/mlx-lm#1903"},
        .story =
            "Scores had 5 axes, (B, K, G, T, S): query heads were grouped by their key head. The mask had 4, "
            "(B, 1, T, S). Broadcasting aligns axes from the right, so the mask's B met K. If B equals the "
            "number of key heads, no error is reported.",
        .letters = "B sequences, K key heads, G query heads for each, H = K * G, T tokens, S keys",
        .result = "attn_weights",
        .axes = {"B", "H", "T", "S"},
        .friendly = fixture("one sequence", "An axis of size 1 broadcasts to any size, so it does no harm.",
                            of_one, Mask{{{{true, false, false}}}}),
        .unfriendly =
            fixture("2 sequences, 2 key heads",
                    "Only sequence 0 begins with padding. The shipped mask masks key 0 for head 0 of "
                    "both sequences instead.",
                    of_two, Mask{{{{true, false, false}}}, {{{false, false, false}}}})};
}

}  // namespace bug_10
