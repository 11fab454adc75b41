// What the walk computes: one text, one set of weights, and a variant of the attention for each choice. All
// are small enough for the screen: 6 tokens of 5 numbers, 2 heads of 4 numbers.
// B = sequences in a batch, T = tokens, H = heads
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "chapters/09_every_model/attention.hpp"
#include "common/torch/generator.hpp"

namespace ch9 {

// Drawn in the order of the fields. `weights` has every tensor that a variant may need; attention() uses
// those that its recipe asks for.
struct Setting {
    Tensor3 x, x_next;  // (1, 6, dim), (1, 1, dim)
    Weights weights;    // q, k and v with biases, o without; norms of each head; sinks; distance_bias
    ch2::Linear gate;   // (H * head_dim, dim), with bias
    Matrix whole_q_norm, whole_k_norm;  // (1, H * head_dim)
};
Setting draw_setting(torch::Generator& generator);

// One choice: the recipe, its weights, and which tokens are text.
struct Variant {
    Recipe recipe;
    Weights weights;
    ch3::MaskMatrix is_text = {};  // (1, 6); empty: all
};

struct Variants {
    Variant plain;                        // no positions, causal, biases on q, k and v
    Variant by_blocks, by_heads, conv1d;  // plain, from other layouts of the same weights
    Variant normed;                       // RoPE, and a norm of each head of q and k
    Variant whole, plus_one;              // the norm over all heads together; times (1 + weight)
    Variant soft;                         // soft cap 0.5
    Variant sinks;
    Variant window;     // RoPE, and a window of 3
    Variant both_ways;  // no causal mask; the last token is padding
    Variant partial;    // RoPE on the first 2 numbers of each head
    Variant stretched;  // longrope beyond its original length, with an attention factor
    Variant alibi;
    Variant distance;  // both ways, T5's bias by distance, no scale
    Variant gated;     // output gate
};
Variants variants_of(const Setting& setting);

// Rotary positions for these small heads, theta 10000.
Rope small_rope();

// One call with an empty cache.
Trace run(const Variant& variant, const Tensor3& x);

const std::vector<std::string>& words();

inline constexpr std::uint64_t walk_seed = 1820;

}  // namespace ch9
