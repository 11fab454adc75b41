// Bug 12: key heads are tiled (0 1 0 1) where they must be repeated (0 0 1 1).
// B = sequences, T = tokens, K = key heads, H = K * n_rep query heads
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "common/bug/bug.hpp"
#include "common/tensor.hpp"

namespace bug_12 {

// Room for n_rep times the heads of keys (B, T, K, head_dim): (B, T, H, head_dim).
Tensor4 room_for(const Tensor4& keys, std::size_t n_rep) {
    return xt::zeros<float>({keys.shape(0), keys.shape(1), keys.shape(2) * n_rep, keys.shape(3)});
}

void copy_head(const Tensor4& keys, std::size_t source, Tensor4& shared, std::size_t h) {
    xt::view(shared, xt::all(), xt::all(), h) = xt::view(keys, xt::all(), xt::all(), source);
}

// (B, T, K, head_dim) -> (B, T, H, head_dim)
Tensor4 shipped(const Tensor4& keys, std::size_t n_rep) {
    const std::size_t kv_heads = keys.shape(2);
    Tensor4 shared = room_for(keys, n_rep);
    for (std::size_t h = 0; h < kv_heads * n_rep; ++h) {
        copy_head(keys, h % kv_heads, shared, h);
    }
    return shared;
}

Tensor4 repaired(const Tensor4& keys, std::size_t n_rep) {
    return ch5::repeat_kv(keys, n_rep);  // copies head h / n_rep
}

bug::Fixture fixture(const std::string& title, const std::string& why, const Tensor4& keys,
                     std::size_t n_rep) {
    return {title,
            why,
            {{"keys", keys, {"B", "T", "K", "head_dim"}}},
            shipped(keys, n_rep),
            repaired(keys, n_rep)};
}

bug::Bug tell() {
    return {
        .title = "Key heads tiled instead of repeated",
        .threads = {"onnx/onnx#7274"},
        .story =
            "Grouped-query attention repeats each key head for neighbouring query heads: 0 0 1 1. A standard "
            "tiled the key heads instead: 0 1 0 1. Both have the same shape.",
        .letters = "B sequences, T tokens, K key heads, H query heads",
        .result = "keys for all query heads",
        .axes = {"B", "T", "H", "head_dim"},
        .friendly = fixture("one key head", "All 4 query heads share the one key head, in any order.",
                            Tensor4{{{{1.0f, -2.0f}}, {{3.0f, 0.5f}}}}, 4),
        .unfriendly =
            fixture("2 key heads, 4 query heads",
                    "Query head 1 must read key head 0, and head 2 must read key head 1. The shipped "
                    "version swaps these two.",
                    Tensor4{{{{1.0f, -2.0f}, {5.0f, 6.0f}}, {{3.0f, 0.5f}, {-7.0f, 8.0f}}}}, 2)};
}

}  // namespace bug_12
