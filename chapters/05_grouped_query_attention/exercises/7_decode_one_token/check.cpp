#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"

using namespace exercise;

Tensor3 decode_one_token(const Tensor3& queries, const Tensor4& keys, const Tensor4& values);

namespace {

struct Step {
    Tensor3 queries;
    Tensor4 keys, values;
};

using Share = Tensor4 (*)(const View4&, std::size_t);
enum class Softmax { over_keys, over_heads, missing };

// The lesson's way: copy the keys for all query heads, then matrix products.
Tensor3 attended(const Step& step, float divisor, Share share = ch5::repeat_kv,
                 Softmax softmax = Softmax::over_keys) {
    const std::size_t batch = step.queries.shape(0), heads = step.queries.shape(1),
                      width = step.queries.shape(2);
    const std::size_t n_rep = heads / step.keys.shape(2);
    const Tensor4 queries = torch::view<4>(step.queries, {batch, heads, 1, width});
    const Tensor4 keys = torch::transpose(share(step.keys, n_rep), 1, 2);
    const Tensor4 values = torch::transpose(share(step.values, n_rep), 1, 2);
    const Tensor4 scaled = torch::matmul_transposed(queries, keys) / divisor;
    const Tensor4 weights = softmax == Softmax::over_keys    ? ch1::softmax(scaled)
                            : softmax == Softmax::over_heads ? ch1::softmax_along(scaled, 1)
                                                             : scaled;
    return torch::view<3>(torch::matmul(weights, values), {batch, heads, width});
}

void check_step(const Step& step) {
    const auto width = static_cast<float>(step.queries.shape(2));
    const float root = std::sqrt(width);
    given("queries", step.queries);
    given("keys", step.keys);
    given("values", step.values);
    check_tensor(
        "head_context", answer([&] { return decode_one_token(step.queries, step.keys, step.values); }),
        attended(step, root), {"B", "H", "head_dim"},
        {{"repeat-instead-of-repeat-interleave",
          "query head h uses key head h % H_kv, so neighbours do not share", "h / n_rep, rounded down",
          [&] { return attended(step, root, ch5::tile_kv); }},
         {"scale-missing", "the scores are not divided by √head_dim before softmax", "std::sqrt",
          [&] { return attended(step, 1.0f); }},
         {"scale-without-root", "the scores are divided by head_dim instead of its root", "std::sqrt",
          [&] { return attended(step, width); }},
         {"softmax-wrong-axis", "softmax runs over the query heads instead of the keys",
          "S scores of one query head sum to 1 after softmax",
          [&] { return attended(step, root, ch5::repeat_kv, Softmax::over_heads); }},
         {"softmax-missing", "the scores themselves are the weights, without softmax", "ch1::softmax(scores)",
          [&] { return attended(step, root, ch5::repeat_kv, Softmax::missing); }},
         {"keys-instead-of-values", "the weighted sum is that of the keys", "values(b, s, h / n_rep, d)",
          [&] {
              return attended({step.queries, step.keys, step.keys}, root);
          }}});
}

Step random_step(std::uint64_t seed, std::size_t batch, std::size_t tokens, std::size_t heads,
                 std::size_t kv_heads, std::size_t width) {
    return {random_tensor<3>(seed, {batch, heads, width}),
            random_tensor<4>(seed + 1, {batch, tokens, kv_heads, width}),
            random_tensor<4>(seed + 2, {batch, tokens, kv_heads, width})};
}

}  // namespace

TEST("six query heads share two key heads") {
    check_step(random_step(101, 2, 3, 6, 2, 3));
}

TEST("one key head for all queries") {
    check_step(random_step(94, 2, 3, 4, 1, 2));
}

TEST("scores near 1000") {
    Step step = random_step(97, 1, 5, 3, 3, 2);
    step.queries *= 1000.0f;
    check_step(step);
}

TEST("the first token of a text") {
    check_step(random_step(104, 2, 1, 4, 2, 3));
}
