// Rung 1 of decoding: no copies. Keys and values are read where the cache has them, as in rung 1 of prefill.
// A group's queries are rows of one product, so each key is read once for all of them. Left: a single thread
// reads them, and one core cannot read as fast as the memory delivers.
#include "chapters/10_flash_attention/decode.hpp"
#include "chapters/10_flash_attention/tile_sizes.hpp"
#include "common/blas.hpp"

namespace ch10 {

void decode_no_copies(const AttentionCall& call, float* output, std::size_t) {
    const blas::Threads in_blas(1);
    Tile whole;
    for (const TileQueries& queries : tiles_of_groups(call, call.n_rep() * call.n_queries)) {
        whole.begin(call, queries);
        const AttentionCall::Range keys = keys_of(call, queries);
        if (keys.first < keys.stop) whole.attend(keys.first, keys.stop);
        whole.write(output);
    }
}

}  // namespace ch10
