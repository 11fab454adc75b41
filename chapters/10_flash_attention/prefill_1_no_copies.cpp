// Rung 1 of prefill: no copies. The lesson copies keys and values to repeat them and to put heads before
// tokens. BLAS reads them where they are: a row's neighbour is `row_stride` floats away, and query head h
// reads key head h / n_rep. Left: a head's scores are a matrix (T, S), which grows with the square of the
// text.
#include "chapters/10_flash_attention/prefill.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"

namespace ch10 {

void prefill_no_copies(const AttentionCall& call, float* output, std::size_t) {
    const blas::Threads in_blas(1);
    Tile whole;
    for (const TileQueries& queries : tiles_of_heads(call, call.n_queries)) {
        whole.begin(call, queries);
        whole.attend(0, call.n_keys);
        whole.write(output);
    }
}

}  // namespace ch10
