// The walk through somebody's own layer: what was read, the first tokens at once, the last one, the whole
// output.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/layer_files.hpp"
#include "common/program/walkthrough.hpp"
#include "common/tensor.hpp"

namespace ch5 {

// What one call of an attention leaves to see.
struct Piece {
    std::vector<Shown> tensors;
    Tensor4 attn_weights;  // (B, H, T, S)
    Tensor3 output;        // (B, T, dim)
};
using PieceAttention = std::function<Piece(const Tensor3& x, std::size_t start_pos, KVCache& cache)>;

// Hands the layer's tokens to `attention` in the pieces that --prefill asks for, shows the first and the
// last, and keeps output, cache_k and cache_v for --save. `positions` is a line that says what is done about
// them.
void walk_own_layer(Walkthrough& walk, const Layer& layer, const std::string& positions,
                    const PieceAttention& attention);

// The tensors of a trace under their names.
std::vector<Shown> shown_tensors(const Trace& trace);

}  // namespace ch5
