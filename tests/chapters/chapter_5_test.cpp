#include <cmath>
#include <limits>

#include "chapters/03_causal_mask_and_dropout/causality.hpp"
#include "chapters/04_multi_head_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/tensors_of.hpp"

namespace {

// The sizes of data/chapter_5_gqa.safetensors: no two alike, and head_dim is not dim / n_heads.
constexpr ch5::Config config{
    .dim = 12, .n_heads = 6, .n_kv_heads = 2, .head_dim = 5, .max_batch_size = 3, .max_seq_len = 9};

ch5::Weights weights_of(const ReferenceFile& file, const std::string& prefix = "") {
    const auto linear = [&](const char* name) { return ch2::Linear{file.get<2>(prefix + name), {}}; };
    return {linear("wq.weight"), linear("wk.weight"), linear("wv.weight"), linear("wo.weight")};
}

// Float32 sums of up to 30 terms of size 1 against PyTorch's, which add in another order.
constexpr float close_to_torch = 2e-6f;

void compare_all(const ch5::Trace& trace, const ReferenceFile& file, const std::string& prefix) {
    CAPTURE(prefix);
    CHECK(largest_difference(trace.xq, file.get<4>(prefix + "xq")) < close_to_torch);
    CHECK(largest_difference(trace.xk, file.get<4>(prefix + "xk")) < close_to_torch);
    CHECK(largest_difference(trace.xv, file.get<4>(prefix + "xv")) < close_to_torch);
    CHECK(largest_difference(trace.keys, file.get<4>(prefix + "keys")) < close_to_torch);
    CHECK(largest_difference(trace.values, file.get<4>(prefix + "values")) < close_to_torch);
    CHECK(largest_difference(trace.attn_scores, file.get<4>(prefix + "attn_scores")) < 5 * close_to_torch);
    CHECK(largest_difference(trace.masked, file.get<4>(prefix + "masked")) < 5 * close_to_torch);
    CHECK(largest_difference(trace.attn_weights, file.get<4>(prefix + "attn_weights")) < close_to_torch);
    CHECK(largest_difference(trace.head_context, file.get<4>(prefix + "head_context")) < close_to_torch);
    CHECK(largest_difference(trace.combined, file.get<3>(prefix + "combined")) < close_to_torch);
    CHECK(largest_difference(trace.output, file.get<3>(prefix + "output")) < close_to_torch);
}

// The outputs of x handed over in pieces, with a cache that is NaN wherever nothing was written.
Tensor3 outputs_in_pieces(const Tensor3& x, const ch5::Weights& weights, const ch5::Config& sizes_of,
                          const std::vector<std::size_t>& sizes) {
    ch5::KVCache cache(sizes_of);
    cache.fill(std::numeric_limits<float>::quiet_NaN());
    return ch5::in_pieces(x, sizes, [&](const Tensor3& piece, std::size_t start_pos) {
        return ch5::grouped_query_attention(piece, weights, sizes_of, cache, start_pos).output;
    });
}

}  // namespace

TEST_CASE("chapter 5: every intermediate is PyTorch's, for prefill, chunk and step") {
    const ReferenceFile file("chapter_5_gqa.safetensors");
    const Tensor3 x = file.get<3>("x");
    const ch5::Weights weights = weights_of(file);

    ch5::KVCache whole(config);
    compare_all(ch5::grouped_query_attention(x, weights, config, whole, 0), file, "prefill.");
    CHECK(largest_difference(whole.cache_k(), file.get<4>("prefill.cache_k")) < close_to_torch);
    CHECK(largest_difference(whole.cache_v(), file.get<4>("prefill.cache_v")) < close_to_torch);

    // 3 tokens, then 2, then one by one.
    ch5::KVCache cache(config);
    const auto part = [&](std::size_t start, std::size_t length) {
        return ch5::grouped_query_attention(torch::narrow(x, 1, start, length), weights, config, cache,
                                            start);
    };
    part(0, 3);
    compare_all(part(3, 2), file, "chunk.");
    part(5, 1);
    compare_all(part(6, 1), file, "step.");
}

TEST_CASE("chapter 5: MHA and MQA are PyTorch's too") {
    const ReferenceFile file("chapter_5_gqa.safetensors");
    const Tensor3 x = file.get<3>("x");
    for (const auto& [name, n_kv_heads] :
         {std::pair<std::string, std::optional<std::size_t>>{"mha", std::nullopt}, {"mqa", 1}}) {
        CAPTURE(name);
        ch5::Config variant = config;
        variant.n_kv_heads = n_kv_heads;
        const Tensor3 output = outputs_in_pieces(x, weights_of(file, name + "."), variant, {4, 1, 2});
        CHECK(largest_difference(output, file.get<3>(name + ".output")) < close_to_torch);
    }
}

TEST_CASE("chapter 5: all ways of cutting agree, and NaN in the unwritten cache goes nowhere") {
    torch::Generator generator(1);
    ch5::Weights weights = ch5::random_weights(generator, config);
    const Tensor3 x = random_batch(2, 2, 8, config.dim);
    const Tensor3 prefill = outputs_in_pieces(x, weights, config, {8});
    CHECK_FALSE(xt::any(xt::isnan(prefill)));
    const std::vector<std::size_t> sizes =
        GENERATE(as<std::vector<std::size_t>>{}, std::vector<std::size_t>{5, 3},
                 std::vector<std::size_t>{1, 1, 1, 1, 1, 1, 1, 1}, std::vector<std::size_t>{1, 4, 2, 1},
                 std::vector<std::size_t>{7, 1});
    CHECK(largest_difference(outputs_in_pieces(x, weights, config, sizes), prefill) < close_to_torch);
}

TEST_CASE("chapter 5: with as many key heads as query heads it is chapter 4") {
    ch5::Config mha = config;
    mha.n_kv_heads = std::nullopt;
    torch::Generator generator(3);
    const ch5::Weights weights = ch5::random_weights(generator, mha);
    const Tensor3 x = random_batch(4, 2, 7, mha.dim);

    const ch4::Weights same{{weights.wq, weights.wk, weights.wv}, weights.wo};
    const Tensor3 expected = ch4::multi_head_attention(x, same, mha.n_heads, {0.0}, generator).context_vec;
    CHECK(largest_difference(outputs_in_pieces(x, weights, mha, {7}), expected) < close_to_torch);
}

TEST_CASE("repeat_kv gives query head h the keys of head h / n_rep; tiling does not") {
    const Tensor4 x = torch::view<4>(random_batch(5, 2, 3, 4), {2, 3, 2, 2});
    const Tensor4 repeated = ch5::repeat_kv(x, 3), tiled = ch5::tile_kv(x, 3);
    for (std::size_t h = 0; h < 6; ++h) {
        CAPTURE(h);
        CHECK(exact(torch::narrow(repeated, 2, h, 1)) == exact(torch::narrow(x, 2, h / 3, 1)));
        CHECK(exact(torch::narrow(tiled, 2, h, 1)) == exact(torch::narrow(x, 2, h % 2, 1)));
    }
    CHECK(exact(ch5::repeat_kv(x, 1)) == exact(x));
}

TEST_CASE("repeat_kv's layouts are those of PyTorch's strides") {
    const auto steps = ch5::repeat_kv_layouts({2, 7, 2, 5}, 3);
    REQUIRE(steps.size() == 4);
    CHECK(steps[0].strides == Shape{70, 10, 5, 1});
    CHECK(steps[1].strides == Shape{70, 10, 5, 5, 1});
    CHECK(steps[2].strides == Shape{70, 10, 5, 0, 1});
    CHECK(steps[2].bytes_moved == 0);
    CHECK(steps[3].shape == Shape{2, 7, 6, 5});
    CHECK(steps[3].bytes_moved == 2 * 7 * 6 * 5 * sizeof(float));
}

TEST_CASE("chapter 5: causality to the bit, across pieces") {
    torch::Generator generator(6);
    const ch5::Weights weights = ch5::random_weights(generator, config);
    const Matrix x = random_matrix(7, 6, config.dim);
    const auto outputs = [&](const Matrix& tokens) {
        const Tensor3 batch = torch::view<3>(tokens, {1, 6, config.dim});
        return torch::select(outputs_in_pieces(batch, weights, config, {3, 3}), 0);
    };
    const Matrix before = outputs(x);
    for (std::size_t token = 0; token < 6; ++token) {
        CAPTURE(token);
        std::vector<bool> expected(6, false);
        for (std::size_t i = token; i < 6; ++i) expected[i] = true;
        CHECK(ch3::rows_changed(before, outputs(ch3::perturb_token(x, token))) == expected);
    }
}

TEST_CASE("the cache refuses what does not fit, and keeps what it has") {
    torch::Generator generator(8);
    const ch5::Weights weights = ch5::random_weights(generator, config);
    ch5::KVCache cache(config);
    ch5::grouped_query_attention(random_batch(9, 2, 4, config.dim), weights, config, cache, 0);
    const std::string before = exact(cache.cache_k());

    CHECK_THROWS_AS(
        ch5::grouped_query_attention(random_batch(9, 2, 6, config.dim), weights, config, cache, 4),
        std::invalid_argument);
    CHECK_THROWS_AS(
        ch5::grouped_query_attention(random_batch(9, 4, 1, config.dim), weights, config, cache, 4),
        std::invalid_argument);
    CHECK(exact(cache.cache_k()) == before);
    CHECK(cache.bytes_per_token() == 2 * 2 * 5 * sizeof(float));
}

TEST_CASE("chapter 5: a config that cannot be is named") {
    ch5::Config wrong = config;
    wrong.n_kv_heads = 4;
    CHECK_THROWS_AS(ch5::check(wrong), std::invalid_argument);
    wrong = config;
    wrong.head_dim = 0;
    CHECK_THROWS_AS(ch5::check(wrong), std::invalid_argument);
}

TEST_CASE("pieces: prefill N, the rest one by one") {
    CHECK(ch5::prefill_then_tokens(5, 0) == std::vector<std::size_t>{1, 1, 1, 1, 1});
    CHECK(ch5::prefill_then_tokens(3, 1) == std::vector<std::size_t>{1, 1, 1});
    CHECK(ch5::prefill_then_tokens(5, 3) == std::vector<std::size_t>{3, 1, 1});
    CHECK(ch5::prefill_then_tokens(5, 9) == std::vector<std::size_t>{5});
    const Tensor3 x = random_batch(10, 1, 3, 2);
    CHECK_THROWS_AS(ch5::in_pieces(x, {2, 2}, [](const Tensor3& piece, std::size_t) { return piece; }),
                    std::invalid_argument);
}
