// --input: attention of your own embeddings, in blocks and in tiles. Each embedding is query, key and value,
// as in chapter 1.
#include <algorithm>

#include "chapters/01_simplified_self_attention/sentence_file.hpp"
#include "chapters/10_flash_attention/tile_memory.hpp"
#include "chapters/10_flash_attention/tiled_attention.hpp"
#include "chapters/10_flash_attention/walk.hpp"

namespace ch10 {
namespace {

void own_blocks(Walkthrough& walk, const Head& head, const PlainTrace& plain) {
    const std::size_t T = head.keys.shape(0), block = (T + 3) / 4;
    const Vector scores = scores_of_last_query(head);
    const OnlineTrace online = online_softmax(scores, head.values, block);
    Rows rows;
    for (std::size_t n = 0; n < online.blocks.size(); ++n) {
        const BlockTrace& part = online.blocks[n];
        rows.push_back({range_of(n * block, part.scores.size()), fmt::format("{:.4f}", part.block_max),
                        fmt::format("{:.4f}", part.m_new), fmt::format("{:.4f}", part.alpha),
                        fmt::format("{:.4f}", part.after.l)});
    }
    walk.step("The last token, block by block",
              "It sees all keys, here in at most four blocks. The context vector is that of plain attention.")
        .read("online_softmax.cpp")
        .show("scores", scores, {"S"})
        .table({"keys", "largest score", "m", "alpha", "l"}, rows)
        .show("online_context", online.context_vec, {"d"})
        .note(fmt::format("Largest difference from plain attention: {}.",
                          told_difference(online.context_vec, torch::select(plain.context_vecs, T - 1))));
}

void own_tiles(Walkthrough& walk, const Head& head, const PlainTrace& plain,
               const std::vector<std::string>& names) {
    const std::size_t T = head.keys.shape(0);
    const TileShape quarter{(T + 3) / 4, (T + 3) / 4};
    Rows rows;
    for (const TileShape shape : {TileShape{1, T}, quarter, TileShape{T, T}}) {
        const TiledTrace tiled = tiled_attention(head.queries, head.keys, head.values, shape);
        const TileCounts counts = count_tiles(T, shape);
        rows.push_back({fmt::format("{} x {}", shape.queries, shape.keys), fmt::format("{}", counts.computed),
                        fmt::format("{}", counts.masked), fmt::format("{}", counts.all - counts.computed),
                        told_difference(tiled.context_vec, plain.context_vecs)});
    }
    walk.step("All tokens, tile by tile", "Causal attention in tiles of three shapes.")
        .read("tiled_attention.cpp")
        .table({"queries x keys", "computed", "with a mask", "skipped", "difference"}, rows)
        .heatmap("Attention weights: each row is a query, each column a key.", plain.attn_weights, names)
        .show("tiled_context", tiled_attention(head.queries, head.keys, head.values, quarter).context_vec,
              {"T", "d"});
}

}  // namespace

void walk_own_text(Walkthrough& walk) {
    const ch1::Sentence sentence = ch1::sentence_of(walk.own());
    const Head head{sentence.embeddings, sentence.embeddings, sentence.embeddings};
    const PlainTrace plain = plain_attention(head);
    walk.section("", "Your own text");
    walk.step("Embeddings", "Each token is query, key and value at once.")
        .read("tiled_attention.cpp")
        .show("x", sentence.embeddings, {"T", "d"});
    own_blocks(walk, head, plain);
    own_tiles(walk, head, plain, sentence.words);
}

}  // namespace ch10
