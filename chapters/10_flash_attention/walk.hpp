// The parts of chapter 10's walk.
#pragma once
#include <fmt/format.h>

#include <string>
#include <vector>

#include "chapters/10_flash_attention/small_head.hpp"
#include "common/program/walkthrough.hpp"

namespace ch10 {

using Rows = std::vector<std::vector<std::string>>;

// The walk, section by section.
void walk_online_softmax(Walkthrough& walk, const Head& head);
void walk_merging(Walkthrough& walk, const Head& head);
void walk_tiles(Walkthrough& walk, const Head& head);
void walk_rounding(Walkthrough& walk, const Head& head);
void walk_ladder(Walkthrough& walk);

// --input: your own embeddings.
void walk_own_text(Walkthrough& walk);

// The scores of the last token, which sees all keys: (T).
Vector scores_of_last_query(const Head& head);

// The indices from `first` on: "2-3", or "4" for a single one.
inline std::string range_of(std::size_t first, std::size_t n) {
    return n == 1 ? fmt::format("{}", first) : fmt::format("{}-{}", first, first + n - 1);
}

// The largest difference between two results of the same shape: "1.2e-07".
template <std::size_t N>
std::string told_difference(const Tensor<N>& a, const Tensor<N>& b) {
    return fmt::format("{:.1e}", largest_difference(a, b));
}

}  // namespace ch10
