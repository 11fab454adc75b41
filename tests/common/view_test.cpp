// Views: the same elements as a copy, and the same products.
#include "common/view.hpp"

#include <limits>
#include <type_traits>

#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/message_of.hpp"

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// (B, T, H, d), sizes that are all different.
Tensor4 random_heads(std::uint64_t seed, std::size_t batch, std::size_t tokens, std::size_t heads,
                     std::size_t width) {
    return torch::view<4>(random_batch(seed, batch * tokens, heads, width), {batch, tokens, heads, width});
}

// A buffer with more sequences, tokens, heads and columns than x, which stands in its middle: NaN around it.
struct Poisoned {
    Tensor4 buffer;
    View4 x;

    explicit Poisoned(const Tensor4& inside)
        : buffer(nan * xt::ones<float>({inside.shape(0) + 2, inside.shape(1) + 3, inside.shape(2) + 2,
                                        inside.shape(3) + 5})),
          x(buffer) {
        for (std::size_t axis = 0; axis < 4; ++axis) x = x.narrow(axis, 1, inside.shape(axis));
        xt::view(buffer, xt::range(1, 1 + inside.shape(0)), xt::range(1, 1 + inside.shape(1)),
                 xt::range(1, 1 + inside.shape(2)), xt::range(1, 1 + inside.shape(3))) = inside;
    }
};

// Q Kᵀ of each head in double, with plain loops: (B, T, H, d), (B, S, H, d) -> (B, H, T, S).
Tensor4 scores_in_double(const Tensor4& q, const Tensor4& k) {
    Tensor4 scores = Tensor4::from_shape({q.shape(0), q.shape(2), q.shape(1), k.shape(1)});
    for (std::size_t b = 0; b < q.shape(0); ++b) {
        for (std::size_t h = 0; h < q.shape(2); ++h) {
            for (std::size_t t = 0; t < q.shape(1); ++t) {
                for (std::size_t s = 0; s < k.shape(1); ++s) {
                    double sum = 0.0;
                    for (std::size_t d = 0; d < q.shape(3); ++d)
                        sum += double{q(b, t, h, d)} * double{k(b, s, h, d)};
                    scores(b, h, t, s) = static_cast<float>(sum);
                }
            }
        }
    }
    return scores;
}

}  // namespace

TEST_CASE("a view of a part of a tensor is that part, on any two axes") {
    const Tensor4 x = random_heads(1, 2, 7, 3, 5);
    const Poisoned poisoned(x);
    CHECK(exact(Tensor4(View4(x))) == exact(x));
    CHECK(exact(Tensor4(poisoned.x)) == exact(x));
    CHECK(poisoned.x.size() == x.size());
    for (std::size_t a = 0; a < 4; ++a) {
        for (std::size_t b = 0; b < 4; ++b) {
            CAPTURE(a, b);
            std::array<std::size_t, 4> axes{0, 1, 2, 3};
            std::swap(axes[a], axes[b]);
            const Tensor4 expected = xt::transpose(x, axes);
            CHECK(exact(Tensor4(View4(x).transpose(a, b))) == exact(expected));
            CHECK(exact(Tensor4(poisoned.x.transpose(a, b))) == exact(expected));
            CHECK(poisoned.x.transpose(a, b).shape() == expected.shape());
        }
    }
    CHECK(poisoned.x.transpose(1, 2).row(1, 2, 6)[4] == x(1, 6, 2, 4));
    CHECK(*poisoned.x.row(1, 6) == x(1, 6, 0, 0));
}

TEST_CASE("a view with another shape has the elements in their order") {
    const Tensor4 x = random_heads(2, 2, 4, 3, 5);
    CHECK(exact(Tensor3(View3(x, {8, 3, 5}))) == exact(torch::view<3>(x, {8, 3, 5})));
    const Tensor3 heads_first = View3(x, {8, 3, 5}).transpose(0, 1);
    CHECK(exact(heads_first) == exact(torch::transpose(torch::view<3>(x, {8, 3, 5}), 0, 1)));

    const Matrix rows = random_matrix(3, 6, 5);
    const Tensor3 last_rows = View3(rows, {2, 3, 5}).narrow(1, 1, 2);
    CHECK(exact(last_rows) == exact(torch::narrow(torch::view<3>(rows, {2, 3, 5}), 1, 1, 2)));
}

TEST_CASE("a view sees what is written later; a copy and a temporary do not stay behind it") {
    Tensor4 x = random_heads(4, 2, 3, 2, 5);
    const View4 seen = View4(x).transpose(1, 2);
    const Tensor4 copy = seen;
    x(1, 2, 1, 4) = 7.0f;
    CHECK(seen.row(1, 1, 2)[4] == 7.0f);
    CHECK(copy(1, 1, 2, 4) != 7.0f);

    STATIC_REQUIRE(std::is_convertible_v<const Tensor4&, View4>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<Tensor4, View4>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<View3, Tensor4, std::array<std::size_t, 3>>);
}

TEST_CASE("products of heads before tokens, read in place") {
    // One query goes to gemv, more go to gemm. One head, one key and one column are sizes that strides hide.
    const std::size_t queries = GENERATE(as<std::size_t>{}, 1, 4), heads = GENERATE(as<std::size_t>{}, 1, 3),
                      keys = GENERATE(as<std::size_t>{}, 1, 9), width = GENERATE(as<std::size_t>{}, 1, 6);
    CAPTURE(queries, heads, keys, width);
    const Tensor4 q = random_heads(5, 2, queries, heads, width), k = random_heads(6, 2, keys, heads, width);
    const Poisoned in_q(q), in_k(k);
    const Tensor4 scores = scores_in_double(q, k);
    CHECK(largest_difference(torch::matmul_transposed(View4(q).transpose(1, 2), View4(k).transpose(1, 2)),
                             scores) < 1e-5f);
    CHECK(largest_difference(torch::matmul_transposed(in_q.x.transpose(1, 2), in_k.x.transpose(1, 2)),
                             scores) < 1e-5f);

    // Weighted sums of values are such a product too, with the values' columns as keys.
    const Tensor4 weights = random_heads(7, 2, queries, heads, keys),
                  v = random_heads(8, 2, keys, heads, width);
    const Tensor4 weights_by_head = torch::transpose(weights, 1, 2), columns = torch::transpose(v, 1, 3);
    const Poisoned in_weights(weights), in_v(v);
    const Tensor4 context = scores_in_double(weights, columns);
    CHECK(largest_difference(torch::matmul(weights_by_head, View4(v).transpose(1, 2)), context) < 1e-5f);
    CHECK(largest_difference(torch::matmul(weights_by_head, in_v.x.transpose(1, 2)), context) < 1e-5f);
    CHECK(largest_difference(torch::matmul(in_weights.x.transpose(1, 2), in_v.x.transpose(1, 2)), context) <
          1e-5f);
}

TEST_CASE("products of stacks of matrices that are a part of a matrix's rows") {
    // As wkv_b in chapter 7: for each of 3 heads, 4 rows for keys, then 2 for values.
    const std::size_t tokens = GENERATE(as<std::size_t>{}, 1, 5);
    const Matrix weight = random_matrix(8, 3 * 6, 7);
    const View3 all(weight, {3, 6, 7});
    const View3 for_keys = all.narrow(1, 0, 4), for_values = all.narrow(1, 4, 2);
    const Tensor3 keys_copied = for_keys, values_copied = for_values;
    const Tensor3 q = random_batch(9, 3, tokens, 4), latents = random_batch(10, 3, tokens, 7);
    CHECK(largest_difference(torch::matmul(q, for_keys), torch::matmul(q, keys_copied)) < 1e-5f);
    CHECK(largest_difference(torch::matmul_transposed(latents, for_values),
                             torch::matmul_transposed(latents, values_copied)) < 1e-5f);
}

TEST_CASE("views whose shapes or rows do not fit are refused by name") {
    const Tensor4 x = random_heads(11, 2, 4, 3, 5);
    const View4 heads_first = View4(x).transpose(1, 2);
    CHECK(message_of([&] { torch::matmul(heads_first, heads_first); }) ==
          "matmul: the shapes (2, 3, 4, 5) and (2, 3, 4, 5) do not fit together");
    CHECK(message_of([&] { torch::matmul_transposed(x, heads_first); }) ==
          "matmul_transposed: the shapes (2, 4, 3, 5) and (2, 3, 4, 5) do not fit together");
    CHECK(message_of([&] { torch::matmul(heads_first, heads_first.transpose(2, 3)); }) ==
          "the elements of a row of (2, 3, 5, 4) are not next to each other: copy the view");
    CHECK(message_of([&] {
              View3(x, {2, 4, 16});
          }) == "view: the shapes (2, 4, 3, 5) and (2, 4, 16) do not fit together");
    CHECK(message_of([&] { (void)heads_first.narrow(2, 3, 2); }) ==
          "narrow: axis 2 of (2, 3, 4, 5) has no slices 3 to 5");
}
