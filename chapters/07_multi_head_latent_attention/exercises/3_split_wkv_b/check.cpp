#include "common/exercise/check.hpp"

#include <tuple>

#include "chapters/07_multi_head_latent_attention/mistakes.hpp"
#include "chapters/07_multi_head_latent_attention/projections.hpp"

using namespace exercise;

std::tuple<Tensor3, Tensor3> split_wkv_b(const Matrix& wkv_b, std::size_t heads, std::size_t nope,
                                         std::size_t v);

namespace {

void check_split(const Matrix& wkv_b, std::size_t heads, std::size_t nope, std::size_t v) {
    ch7::Weights weights;
    weights.wkv_b.weight = wkv_b;
    const std::size_t c = wkv_b.shape(1);
    const ch7::Config config{.dim = 1,
                             .n_heads = heads,
                             .q_lora_rank = 0,
                             .kv_lora_rank = c,
                             .qk_nope_head_dim = nope,
                             .qk_rope_head_dim = 2,
                             .v_head_dim = v,
                             .max_batch_size = 1,
                             .max_seq_len = 1};
    // `count` rows of each head from `first` on, if the rows of a head are together.
    const auto of_heads = [&](std::size_t first, std::size_t count) {
        return [=] {
            return AnyTensor(torch::narrow(torch::view<3>(wkv_b, {heads, nope + v, c}), 1, first, count));
        };
    };
    // If the rows of all heads' keys come first.
    const auto of_blocks = [&](std::size_t first, std::size_t count) {
        return [=] {
            const Matrix block = torch::narrow(wkv_b, 0, heads * first, heads * count);
            return AnyTensor(torch::view<3>(block, {heads, count, c}));
        };
    };
    // If the heads are the inner axis: (nope + v, heads, c).
    const auto of_rows = [&](std::size_t first, std::size_t count) {
        return [=] {
            const Tensor3 rows = torch::view<3>(wkv_b, {nope + v, heads, c});
            return AnyTensor(torch::transpose(torch::narrow(rows, 0, first, count), 0, 1));
        };
    };
    const std::string blocks = "the matrix is split as if the rows of all heads' keys came first",
                      inner = "the matrix is read as (nope + v, H, c), but the rows of one head are together",
                      look = "head h begins in row h * (nope + v)";

    given("wkv_b", wkv_b);
    const auto [w_uk, w_uv] = answer([&] { return split_wkv_b(wkv_b, heads, nope, v); });
    const Mistakes table = ch7::mistakes();
    check_tensor("w_uk", w_uk, Tensor3(ch7::w_uk(weights, config)), {"H", "nope", "c"},
                 {cause_of(table, "mla-value-rows-first", of_heads(v, nope)),
                  {"keys-of-all-heads-first", blocks, look, of_blocks(0, nope)},
                  {"heads-as-inner-axis", inner, look, of_rows(0, nope)}});
    check_tensor("w_uv", w_uv, Tensor3(ch7::w_uv(weights, config)), {"H", "v", "c"},
                 {cause_of(table, "mla-value-rows-first", of_heads(0, v)),
                  {"keys-of-all-heads-first", blocks, look, of_blocks(nope, v)},
                  {"heads-as-inner-axis", inner, look, of_rows(nope, v)}});
}

}  // namespace

TEST("three heads, keys narrower than values") {
    check_split(random_tensor<2>(731, {27, 2}), 3, 4, 5);
}

TEST("two heads, keys wider than values") {
    check_split(random_tensor<2>(732, {16, 3}), 2, 5, 3);
}
