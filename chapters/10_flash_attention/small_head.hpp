// The walk's numbers: one head of 6 words, and the plain attention that everything else must equal.
// T = tokens, d = width of the head
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/tensor.hpp"
#include "common/torch/generator.hpp"

namespace ch10 {

struct Head {
    Matrix queries, keys, values;  // (T, d)
};

// 6 tokens of 3 normal numbers each; drawn in the order of the fields.
Head draw_head(torch::Generator& generator);
const std::vector<std::string>& words();

// Attention as chapter 3 has it: each matrix (T, T) is a tensor of its own.
struct PlainTrace {
    Matrix attn_scores;   // (T, T)  queries @ keys.T / sqrt(d)
    Matrix masked;        // (T, T)  -inf where the key is later than the query
    Matrix attn_weights;  // (T, T)  softmax of each row
    Matrix context_vecs;  // (T, d)
};
PlainTrace plain_attention(const Head& head);

inline constexpr std::uint64_t walk_seed = 746;

}  // namespace ch10
