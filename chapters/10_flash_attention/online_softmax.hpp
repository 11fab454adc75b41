// Online softmax: the scores of one query arrive in blocks, and no block is needed twice. Three numbers are
// carried from block to block: the largest score so far (m), the sum of exp(score - m) (l), and the sum of
// exp(score - m) * value (acc). When a block raises m, l and acc are multiplied by alpha = exp(old m - new
// m). The names are those of the FlashAttention papers and kernels. S = keys, N = keys of a block, d = width
// of a value
#pragma once
#include <cstddef>
#include <limits>
#include <vector>

#include "common/tensor.hpp"

namespace ch10 {

// What online softmax knows of the keys so far.
struct OnlineState {
    float m = -std::numeric_limits<float>::infinity();  // the largest score
    float l = 0.0f;                                     // the sum of exp(score - m)
    Vector acc;  // (d)  the sum of exp(score - m) * value, not yet divided by l
};

// No key yet: m is -inf, l and acc are 0.
OnlineState no_keys_yet(std::size_t d);

// One block.
struct BlockTrace {
    Vector scores;      // (N)
    float block_max;    // the largest score of this block
    float m_new;        // the larger of it and the old m
    float alpha;        // exp(m - m_new): the correction of what was summed before
    Vector p;           // (N)  exp(score - m_new)
    OnlineState after;  // l * alpha + sum(p), acc * alpha + p @ values
};

// Adds a block of scores (N) and its values (N, d). A masked score is -inf and adds nothing.
BlockTrace see_block(const OnlineState& before, const Vector& scores, const Matrix& values);

// Two states of the same query and different keys.
struct MergeTrace {
    float m;                 // the larger of both
    float alpha_a, alpha_b;  // exp(a.m - m), exp(b.m - m)
    OnlineState merged;
};
MergeTrace merge(const OnlineState& a, const OnlineState& b);

// acc / l: the context vector (d). Without a visible key it is 0, as in chapter 3.
Vector finish(const OnlineState& state);

// Blocks of `block` keys; the last one may be shorter.
struct OnlineTrace {
    std::vector<BlockTrace> blocks;
    Vector attn_weights;  // (S)  exp(score - m) / l with the last m and l: chapter 1's softmax
    Vector context_vec;   // (d)
};

// For one query: scores (S), values (S, d).
OnlineTrace online_softmax(const Vector& scores, const Matrix& values, std::size_t block);

}  // namespace ch10
