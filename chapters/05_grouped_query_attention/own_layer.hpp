// The walk through the reader's own layer: what was read, the first piece, the last piece, the whole output.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/layer_files.hpp"
#include "common/program/engine_report.hpp"
#include "common/program/walkthrough.hpp"
#include "common/tensor.hpp"

namespace ch5 {

// The tensors of one call of the attention that the walk shows.
struct Piece {
    std::vector<Shown> tensors;
    Tensor4 attn_weights;  // (B, H, T, S)
    Tensor3 output;        // (B, T, dim)
    EngineReport engine;   // with --engine flash
};
using PieceAttention = std::function<Piece(const Tensor3& x, std::size_t start_pos, KVCache& cache)>;

// Passes the layer's tokens to `attention` in the pieces that --prefill sets, shows the first and the last
// piece, and keeps output, cache_k and cache_v for --save. `positions` is a line that says how the attention
// handles positions.
void walk_own_layer(Walkthrough& walk, const Layer& layer, const std::string& positions,
                    const PieceAttention& attention);

// The tensors of a trace, with their names. A tensor that an engine did not make is left out.
std::vector<Shown> shown_tensors(const Trace& trace);

// Attends with the queries, keys and values of a trace: as the lesson does, or with an engine if there is
// one.
Piece attend_to_piece(Trace trace, const Layer& layer, KVCache& cache, std::size_t start_pos,
                      const FlashEngine& engine);

}  // namespace ch5
