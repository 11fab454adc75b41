// How many bytes the rungs move, counted from their loops. What stays in a tile is not counted.
#pragma once
#include "common/attention_call.hpp"

namespace ch10::moved {

double by_lesson(const AttentionCall& call);         // copies, and four matrices (H, T, S)
double by_whole_rows(const AttentionCall& call);     // one matrix (T, S) for each head
double by_all_tiles(const AttentionCall& call);      // keys again for each tile of queries
double by_visible_tiles(const AttentionCall& call);  // only keys that the tile sees
double by_groups(const AttentionCall& call);         // keys once for all heads of a group
double by_whole_groups(const AttentionCall& call);   // decoding: keys once, and rows of scores

}  // namespace ch10::moved
