// The walk's tensors once more, with every stage that people get wrong as a variable. A mistake changes one.
// T = tokens, N = keys of a block or tile, R = queries of a tile, d = width of the head
#pragma once
#include <cstddef>
#include <functional>

#include "chapters/10_flash_attention/small_head.hpp"
#include "chapters/10_flash_attention/tiled_attention.hpp"
#include "common/files/tensor_file.hpp"

namespace ch10 {

// What one see_block() knows and computes.
struct Block {
    OnlineState before;
    Vector scores;  // (N)
    Matrix values;  // (N, d)
};

struct Stages {
    std::function<Head(torch::Generator&)> draw = draw_head;
    std::function<float(std::size_t d)> divisor;  // of the scores; sqrt(d)
    std::function<OnlineState(std::size_t d)> start = no_keys_yet;
    std::function<BlockTrace(const Block&)> see;  // see_block()
    std::function<Vector(const OnlineState&)> finish = ch10::finish;
    std::function<MergeTrace(const OnlineState&, const OnlineState&)> merge = ch10::merge;
    // From left, right and merged.
    std::function<Vector(const OnlineState&, const OnlineState&, const OnlineState&)> merged_context;
    // From the scores of a tile, its first query and its first key.
    std::function<Matrix(const Matrix&, std::size_t, std::size_t)> mask = mask_tile;
    std::function<bool(std::size_t first_query, std::size_t first_key)> skips;
    std::function<std::size_t(std::size_t first_key)> first_value;
    bool starts_each_row_anew = true;

    Stages();
};

// The tensors that the walk shows with a tick, under their names.
NamedTensors tensors_with(const Stages& stages);

}  // namespace ch10
