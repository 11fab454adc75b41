// Chapter 10: the same numbers, fast. PyTorch prints the same tensors for torch.manual_seed(746) and the
// lines of data/notebooks/src/10_flash_attention.py.
#include "chapters/10_flash_attention/walk.hpp"

#include <cstdlib>

#include "chapters/10_flash_attention/mistakes.hpp"

namespace {

const Chapter chapter{
    .number = 10,
    .folder = "10_flash_attention",
    .title = "Flash attention",
    .letters = "T queries, S keys, N keys of a block or tile, R queries of a tile, d width of a head",
    .takes = Takes::input};

// The last section measures for some seconds and prints other times in each run. Tests leave it out.
bool is_timed(const Walkthrough& walk) {
    return walk.shows_steps() && std::getenv("ATTN_UNTIMED") == nullptr;
}

void tell(Walkthrough& walk) {
    if (walk.own().any()) return ch10::walk_own_text(walk);
    torch::Generator generator(walk.seed(ch10::walk_seed));
    const ch10::Head head = ch10::draw_head(generator);
    ch10::walk_online_softmax(walk, head);
    ch10::walk_merging(walk, head);
    ch10::walk_tiles(walk, head);
    ch10::walk_rounding(walk, head);
    if (is_timed(walk)) ch10::walk_ladder(walk);
}

}  // namespace

int main(int argc, char** argv) {
    return walk_through(
        {.chapter = chapter,
         .tell = tell,
         .mistakes = ch10::mistakes,
         .options =
             {.examples =
                  "  ATTN_UNTIMED=1 ./walk 10        without its last section, which measures for some seconds\n"}},
        argc, argv);
}
