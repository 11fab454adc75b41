// The two ladders as data: what each rung removes and what it leaves, and the bytes that it moves.
#pragma once
#include <string>
#include <vector>

#include "chapters/10_flash_attention/prefill.hpp"

namespace ch10 {

struct RungStory {
    std::string name, file;
    std::string removes, leaves;  // whole sentences
    Rung run;
    // The bytes that go through memory or a shared cache, counted from the loops of the rung: copies,
    // matrices that are larger than a tile, and keys and values as often as they are read again.
    double (*moved)(const AttentionCall& call);
};

const std::vector<RungStory>& prefill_ladder();
const std::vector<RungStory>& decode_ladder();

}  // namespace ch10
