#include <cmath>
#include <limits>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "chapters/06_rotary_position_embedding/layouts.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/06_rotary_position_embedding/scaling.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/tensors_of.hpp"

namespace {

// The sizes of data/chapter_6_rope.safetensors.
constexpr ch5::Config config{
    .dim = 12, .n_heads = 6, .n_kv_heads = 2, .head_dim = 6, .max_batch_size = 3, .max_seq_len = 9};
constexpr float close_to_torch = 2e-6f;

ch6::ComplexMatrix table_for(std::size_t positions) {
    return ch6::rotation_table(ch6::frequencies(config.head_dim, 10000.0f), positions);
}

ch5::Weights weights_of(const ReferenceFile& file) {
    const auto linear = [&](const char* name) { return ch2::Linear{file.get<2>(name), {}}; };
    return {linear("wq.weight"), linear("wk.weight"), linear("wv.weight"), linear("wo.weight")};
}

void compare_all(const ch6::Trace& trace, const ReferenceFile& file, const std::string& prefix) {
    CAPTURE(prefix);
    const ch5::Trace& attended = trace.attended;
    CHECK(largest_difference(trace.xq, file.get<4>(prefix + "xq")) < close_to_torch);
    CHECK(largest_difference(trace.xk, file.get<4>(prefix + "xk")) < close_to_torch);
    CHECK(largest_difference(attended.xq, file.get<4>(prefix + "xq_rotated")) < close_to_torch);
    CHECK(largest_difference(attended.xk, file.get<4>(prefix + "xk_rotated")) < close_to_torch);
    CHECK(largest_difference(attended.xv, file.get<4>(prefix + "xv")) < close_to_torch);
    CHECK(largest_difference(attended.keys, file.get<4>(prefix + "keys")) < close_to_torch);
    CHECK(largest_difference(attended.values, file.get<4>(prefix + "values")) < close_to_torch);
    CHECK(largest_difference(attended.attn_scores, file.get<4>(prefix + "attn_scores")) < 5 * close_to_torch);
    CHECK(largest_difference(attended.masked, file.get<4>(prefix + "masked")) < 5 * close_to_torch);
    CHECK(largest_difference(attended.attn_weights, file.get<4>(prefix + "attn_weights")) < close_to_torch);
    CHECK(largest_difference(attended.head_context, file.get<4>(prefix + "head_context")) < close_to_torch);
    CHECK(largest_difference(attended.combined, file.get<3>(prefix + "combined")) < close_to_torch);
    CHECK(largest_difference(attended.output, file.get<3>(prefix + "output")) < close_to_torch);
}

}  // namespace

TEST_CASE("RoPE: the frequencies and the table are PyTorch's, to the bit") {
    const ReferenceFile file("chapter_6_rope.safetensors");
    CHECK(exact(ch6::frequencies(6, 10000.0f)) == exact(file.get<1>("freqs")));
    CHECK(exact(ch6::frequencies(8, 10000.0f)) == exact(file.get<1>("freqs_plain.8")));
    CHECK(exact(ch6::frequencies(128, 500000.0f)) == exact(file.get<1>("freqs_plain.128")));

    const Tensor3 expected = file.get<3>("freqs_complex");
    const ch6::ComplexMatrix table = table_for(expected.shape(0));
    for (std::size_t m = 0; m < table.shape(0); ++m) {
        for (std::size_t i = 0; i < table.shape(1); ++i) {
            CHECK(table(m, i) == std::complex<float>(expected(m, i, 0), expected(m, i, 1)));
        }
    }
}

TEST_CASE("chapter 6: every intermediate is PyTorch's, for prefill, chunk and step") {
    const ReferenceFile file("chapter_6_rope.safetensors");
    const Tensor3 x = file.get<3>("x");
    const ch5::Weights weights = weights_of(file);
    const ch6::ComplexMatrix table = table_for(config.max_seq_len);

    ch5::KVCache whole(config);
    compare_all(ch6::llama_attention(x, weights, config, table, whole, 0), file, "prefill.");
    CHECK(largest_difference(whole.cache_k(), file.get<4>("prefill.cache_k")) < close_to_torch);
    CHECK(largest_difference(whole.cache_v(), file.get<4>("prefill.cache_v")) < close_to_torch);

    ch5::KVCache cache(config);
    const auto part = [&](std::size_t start, std::size_t length) {
        return ch6::llama_attention(torch::narrow(x, 1, start, length), weights, config, table, cache, start);
    };
    part(0, 3);
    compare_all(part(3, 2), file, "chunk.");
    part(5, 1);
    compare_all(part(6, 1), file, "step.");
}

TEST_CASE("chapter 6: Hugging Face's layout, permutation and result") {
    const ReferenceFile file("chapter_6_rope.safetensors");
    const ch5::Weights weights = weights_of(file);
    const Matrix hf_q = file.get<2>("hf.q_proj.weight"), hf_k = file.get<2>("hf.k_proj.weight");
    CHECK(exact(ch6::to_half_split(weights.wq.weight, config.n_heads)) == exact(hf_q));
    CHECK(exact(ch6::to_half_split(weights.wk.weight, 2)) == exact(hf_k));
    CHECK(exact(ch6::to_interleaved(hf_q, config.n_heads)) == exact(weights.wq.weight));
    CHECK(exact(ch6::to_interleaved(hf_k, 2)) == exact(weights.wk.weight));

    // Their rotation on their weights, then our attention.
    const ch5::Weights half_split{{hf_q, {}}, {hf_k, {}}, weights.wv, weights.wo};
    const Tensor3 x = file.get<3>("x");
    const ch6::ComplexMatrix table = table_for(x.shape(1));
    ch5::Trace trace = ch5::project(x, half_split, config);
    trace.xq = ch6::rotate_half_split(trace.xq, table, 0);
    trace.xk = ch6::rotate_half_split(trace.xk, table, 0);
    CHECK(largest_difference(trace.xq, file.get<4>("hf.xq_rotated")) < close_to_torch);
    CHECK(largest_difference(trace.xk, file.get<4>("hf.xk_rotated")) < close_to_torch);
    ch5::KVCache cache(config);
    ch5::attend(trace, half_split, config, cache, 0, ch5::future_mask(x.shape(1), 0));
    CHECK(largest_difference(trace.output, file.get<3>("hf.output")) < close_to_torch);
}

TEST_CASE("RoPE: all four scalings are PyTorch's") {
    const ReferenceFile file("chapter_6_rope.safetensors");
    for (const auto& [name, head_dim, theta] :
         {std::tuple<std::string, std::size_t, float>{"8", 8, 10000.0f}, {"128", 128, 500000.0f}}) {
        CAPTURE(name);
        const Vector plain = ch6::frequencies(head_dim, theta);
        const auto differs_by = [&, name = name](const Vector& scaled, const std::string& kind) {
            const Vector expected = file.get<1>("freqs_" + kind + "." + name);
            const Vector relative = scaled / expected;
            return largest_difference(relative, Vector(xt::ones_like(relative)));
        };
        CHECK(differs_by(ch6::linear_scaling(plain, 4.0f), "linear") == 0.0f);
        CHECK(differs_by(ch6::ntk_scaling(head_dim, theta, 4.0f), "ntk") < 3e-7f);
        CHECK(differs_by(ch6::llama3_scaling(plain, {}), "llama3") < 3e-7f);
        CHECK(differs_by(ch6::yarn_scaling(plain, theta, {}), "yarn") < 3e-7f);
    }
}

TEST_CASE("RoPE: a model's config chooses among the scalings") {
    ModelConfig model;
    model.rope_theta = 500000.0;
    const Vector plain = ch6::frequencies(16, 500000.0f);
    CHECK(exact(ch6::model_frequencies(model, 16)) == exact(plain));

    const auto scaled = [&](const std::string& type) {
        model.rope_scaling = RopeScaling{.type = type, .factor = 8};
        return exact(ch6::model_frequencies(model, 16));
    };
    CHECK(scaled("linear") == exact(ch6::linear_scaling(plain, 8.0f)));
    CHECK(scaled("ntk") == exact(ch6::ntk_scaling(16, 500000.0f, 8.0f)));
    CHECK(scaled("llama3") == exact(ch6::llama3_scaling(plain, {})));
    CHECK(scaled("yarn") ==
          exact(ch6::yarn_scaling(plain, 500000.0f, {.factor = 8.0f, .original_max_seq_len = 8192.0f})));
    CHECK_THROWS_AS(scaled("longrope"), std::invalid_argument);
}

TEST_CASE("RoPE: the region says what a scaling did") {
    CHECK(ch6::region(1.0f, 1.0f, 8.0f) == "kept");
    CHECK(ch6::region(1.0f, 0.125f, 8.0f) == "divided");
    CHECK(ch6::region(1.0f, 0.5f, 8.0f) == "blended");
}

TEST_CASE("RoPE: complex and 2 x 2 agree, lengths stay, position 0 turns nothing") {
    const Tensor4 x = torch::view<4>(random_batch(1, 2, 5, 18), {2, 5, 3, 6});
    const ch6::ComplexMatrix table = table_for(9);
    const Tensor4 turned = ch6::rotate(x, table, 4);
    CHECK(largest_difference(turned, ch6::rotate_by_2x2(x, table, 4)) < 1e-6f);
    CHECK(std::abs(xt::sum(xt::square(turned))() - xt::sum(xt::square(x))()) < 1e-4f);
    CHECK(exact(torch::narrow(ch6::rotate(x, table, 0), 1, 0, 1)) == exact(torch::narrow(x, 1, 0, 1)));

    // By hand: a quarter turn sends (1, 0) to (0, 1).
    const ch6::ComplexMatrix quarter = {{std::complex<float>(0.0f, 1.0f)}};
    CHECK(exact(ch6::rotate_by_2x2(Tensor4{{{{1, 0}}}}, quarter, 0)) == exact(Tensor4{{{{0, 1}}}}));
    CHECK(exact(ch6::rotate_half_split(Tensor4{{{{1, 2}}}}, quarter, 0)) == exact(Tensor4{{{{-2, 1}}}}));
}

TEST_CASE("RoPE: scores depend on the offset alone") {
    const Tensor4 q = torch::view<4>(random_batch(2, 1, 1, 6), {1, 1, 1, 6});
    const Tensor4 k = torch::view<4>(random_batch(3, 1, 1, 6), {1, 1, 1, 6});
    const ch6::ComplexMatrix table = table_for(200);
    const auto score = [&](std::size_t m, std::size_t n) {
        return xt::sum(ch6::rotate(q, table, m) * ch6::rotate(k, table, n))();
    };
    CHECK(std::abs(score(7, 4) - score(3, 0)) < 1e-5f);
    CHECK(std::abs(score(107, 104) - score(3, 0)) < 1e-4f);
    CHECK(std::abs(score(7, 4) - score(7, 5)) > 1e-2f);
}

TEST_CASE("chapter 6: pieces agree, and NaN in the unwritten cache goes nowhere") {
    torch::Generator generator(4);
    const ch5::Weights weights = ch5::random_weights(generator, config);
    const ch6::ComplexMatrix table = table_for(config.max_seq_len);
    const Tensor3 x = random_batch(5, 2, 8, config.dim);
    const auto in_pieces = [&](const std::vector<std::size_t>& sizes) {
        ch5::KVCache cache(config);
        cache.fill(std::numeric_limits<float>::quiet_NaN());
        return ch5::in_pieces(x, sizes, [&](const Tensor3& piece, std::size_t start_pos) {
            return ch6::llama_attention(piece, weights, config, table, cache, start_pos).attended.output;
        });
    };
    const Tensor3 prefill = in_pieces({8});
    CHECK_FALSE(xt::any(xt::isnan(prefill)));
    CHECK(largest_difference(in_pieces({3, 4, 1}), prefill) < close_to_torch);
    CHECK(largest_difference(in_pieces(ch5::prefill_then_tokens(8, 0)), prefill) < close_to_torch);
}

TEST_CASE("RoPE refuses odd heads and tables that are too short") {
    CHECK_THROWS_AS(ch6::frequencies(5, 10000.0f), std::invalid_argument);
    CHECK_THROWS_AS(ch6::frequencies(0, 10000.0f), std::invalid_argument);
    const Tensor4 x = torch::view<4>(random_batch(6, 1, 4, 6), {1, 4, 1, 6});
    CHECK_THROWS_AS(ch6::rotate(x, table_for(5), 2), std::invalid_argument);
    CHECK_THROWS_AS(ch6::rotate(torch::view<4>(random_batch(6, 1, 2, 8), {1, 2, 1, 8}), table_for(5), 0),
                    std::invalid_argument);
}
