// Latent attention: both forms against PyTorch, against each other, and against loops in double.
#include <cmath>
#include <limits>

#include "chapters/03_causal_mask_and_dropout/causality.hpp"
#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/07_multi_head_latent_attention/absorbed.hpp"
#include "chapters/07_multi_head_latent_attention/ledger.hpp"
#include "chapters/07_multi_head_latent_attention/naive.hpp"
#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"
#include "chapters/07_multi_head_latent_attention/rope_inside.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/tensors_of.hpp"

namespace {

// The sizes of data/chapter_7_mla.safetensors: no two alike.
constexpr ch7::Config config{.dim = 12,
                             .n_heads = 3,
                             .q_lora_rank = 8,
                             .kv_lora_rank = 10,
                             .qk_nope_head_dim = 5,
                             .qk_rope_head_dim = 4,
                             .v_head_dim = 6,
                             .max_batch_size = 3,
                             .max_seq_len = 9};
constexpr float close_to_torch = 2e-6f, nan = std::numeric_limits<float>::quiet_NaN();

// The layer `direct` of that file: queries without a latent, positions stretched by YaRN.
constexpr ch7::Config direct_config = [] {
    ch7::Config direct = config;
    direct.q_lora_rank = 0;
    return direct;
}();
const ch7::Yarn direct_yarn{
    .scaling = {.factor = 40.0f, .beta_fast = 8.0f, .beta_slow = 1.0f, .original_max_seq_len = 64.0f}};

ch7::Weights weights_of(const ReferenceFile& file, const std::string& prefix, bool is_direct) {
    const auto linear = [&](const char* name) { return ch2::Linear{file.get<2>(prefix + name), {}}; };
    ch7::Weights weights;
    if (is_direct) {
        weights.wq = linear("wq.weight");
    } else {
        weights.wq_a = linear("wq_a.weight");
        weights.q_norm = file.get<1>(prefix + "q_norm.weight");
        weights.wq_b = linear("wq_b.weight");
    }
    weights.wkv_a = linear("wkv_a.weight");
    weights.kv_norm = file.get<1>(prefix + "kv_norm.weight");
    weights.wkv_b = linear("wkv_b.weight");
    weights.wo = linear("wo.weight");
    return weights;
}

// Every tensor of one call, by its name in the file.
class Expected {
  public:
    Expected(const ReferenceFile& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

    template <std::size_t N>
    void check(const std::string& name, const Tensor<N>& tensor, float limit = close_to_torch) const {
        CAPTURE(prefix_ + name);
        CHECK(largest_difference(tensor, file_.get<N>(prefix_ + name)) < limit);
    }

    void check(const ch7::Projections& made, bool is_direct) const {
        if (!is_direct) {
            check("q_latent", made.q_latent);
            check("q_normed", made.q_normed);
        }
        check("q", made.q);
        check("q_nope", made.q_nope);
        check("q_pe", made.q_pe);
        check("q_pe_rotated", made.q_pe_rotated);
        check("kv_latent", made.kv_latent);
        check("kv_normed", made.kv_normed);
        check("k_pe", made.k_pe);
        check("k_pe_rotated", made.k_pe_rotated);
    }

    // After a call: its trace, and the cache that it wrote.
    void check(const ch7::NaiveTrace& trace, const ch7::NaiveCache& cache, bool is_direct) const {
        const std::size_t batch = trace.attn_scores.shape(0), stop = trace.attn_scores.shape(3);
        check(trace.made, is_direct);
        check("naive.k_nope", trace.k_nope);
        check("naive.v", trace.v);
        check("naive.k", trace.k);
        check<4>("naive.keys", cache.k_cache.read(batch, stop));
        check<4>("naive.values", cache.v_cache.read(batch, stop));
        check("naive.attn_scores", trace.attn_scores, 5 * close_to_torch);
        check("naive.masked", trace.masked, 5 * close_to_torch);
        check("naive.attn_weights", trace.attn_weights);
        check("naive.head_context", trace.head_context, 2 * close_to_torch);
        check("naive.output", trace.output, 2 * close_to_torch);
    }

    void check(const ch7::AbsorbedTrace& trace, const ch7::LatentCache& cache, bool is_direct) const {
        const std::size_t batch = trace.attn_scores.shape(0), stop = trace.attn_scores.shape(3);
        check(trace.made, is_direct);
        check("absorbed.q_absorbed", trace.q_absorbed, 2 * close_to_torch);
        check("absorbed.scores_nope", trace.scores_nope, 5 * close_to_torch);
        check("absorbed.scores_pe", trace.scores_pe, 5 * close_to_torch);
        check("absorbed.attn_scores", trace.attn_scores, 5 * close_to_torch);
        check("absorbed.masked", trace.masked, 5 * close_to_torch);
        check("absorbed.attn_weights", trace.attn_weights);
        check("absorbed.context_latent", trace.context_latent, 2 * close_to_torch);
        check("absorbed.head_context", trace.head_context, 2 * close_to_torch);
        check("absorbed.output", trace.output, 2 * close_to_torch);
        check<3>("absorbed.kv_cache", cache.kv_cache.read(batch, stop));
        check<3>("absorbed.pe_cache", cache.pe_cache.read(batch, stop));
    }

  private:
    const ReferenceFile& file_;
    std::string prefix_;
};

// Both forms on one piece of x, each with its cache.
struct BothForms {
    const ch7::Config& sizes;
    const ch7::Weights& weights;
    ch7::Positions positions;
    ch7::NaiveCache naive_cache{sizes};
    ch7::LatentCache latent_cache{sizes};

    ch7::NaiveTrace naive(const Tensor3& x, std::size_t start_pos) {
        return ch7::naive_attention(x, weights, sizes, positions, naive_cache, start_pos);
    }
    ch7::AbsorbedTrace absorbed(const Tensor3& x, std::size_t start_pos) {
        return ch7::absorbed_attention(x, weights, sizes, positions, latent_cache, start_pos);
    }
    void poison() {
        naive_cache.k_cache.fill(nan);
        naive_cache.v_cache.fill(nan);
        latent_cache.kv_cache.fill(nan);
        latent_cache.pe_cache.fill(nan);
    }
};

// A layer whose weights are larger than nn.Linear's, so that softmax is far from uniform.
ch7::Weights strong_layer(std::uint64_t seed, const ch7::Config& sizes) {
    torch::Generator generator(seed);
    ch7::Weights weights = ch7::random_weights(generator, sizes);
    for (ch2::Linear* linear : {&weights.wq, &weights.wq_a, &weights.wq_b, &weights.wkv_a, &weights.wkv_b}) {
        linear->weight *= 2.0f;
    }
    if (sizes.q_lora_rank > 0) weights.q_norm = torch::uniform(generator, sizes.q_lora_rank, 0.5f, 1.5f);
    weights.kv_norm = torch::uniform(generator, sizes.kv_lora_rank, 0.5f, 1.5f);
    return weights;
}

ch7::Positions plain_positions(const ch7::Config& sizes) {
    return ch7::positions(sizes, 10000.0f, std::nullopt, sizes.max_seq_len);
}

}  // namespace

TEST_CASE("chapter 7: low-rank queries, every intermediate is PyTorch's, for prefill, chunk and step") {
    const ReferenceFile file("chapter_7_mla.safetensors");
    const Tensor3 x = file.get<3>("lowrank.x");
    const ch7::Weights weights = weights_of(file, "lowrank.", false);

    BothForms whole{config, weights, plain_positions(config)};
    Expected(file, "lowrank.prefill.").check(whole.naive(x, 0), whole.naive_cache, false);
    Expected(file, "lowrank.prefill.").check(whole.absorbed(x, 0), whole.latent_cache, false);

    BothForms pieces{config, weights, plain_positions(config)};
    const auto piece = [&](std::size_t start, std::size_t length, const std::string& name) {
        const Tensor3 part = torch::narrow(x, 1, start, length);
        const ch7::NaiveTrace naive = pieces.naive(part, start);
        const ch7::AbsorbedTrace absorbed = pieces.absorbed(part, start);
        if (name.empty()) return;
        Expected(file, "lowrank." + name + ".").check(naive, pieces.naive_cache, false);
        Expected(file, "lowrank." + name + ".").check(absorbed, pieces.latent_cache, false);
    };
    piece(0, 3, "");
    piece(3, 2, "chunk");
    piece(5, 1, "");
    piece(6, 1, "step");
}

TEST_CASE("chapter 7: direct queries with YaRN, every intermediate is PyTorch's") {
    const ReferenceFile file("chapter_7_mla.safetensors");
    const Tensor3 x = file.get<3>("direct.x");
    const ch7::Weights weights = weights_of(file, "direct.", true);
    const ch7::Positions positions = ch7::positions(direct_config, 100.0f, direct_yarn, 9);
    CHECK(largest_difference(ch7::frequencies(direct_config, 100.0f, direct_yarn),
                             file.get<1>("direct.freqs")) < 1e-7f);

    BothForms whole{direct_config, weights, positions};
    Expected(file, "direct.prefill.").check(whole.naive(x, 0), whole.naive_cache, true);
    Expected(file, "direct.prefill.").check(whole.absorbed(x, 0), whole.latent_cache, true);

    BothForms pieces{direct_config, weights, positions};
    pieces.naive(torch::narrow(x, 1, 0, 6), 0);
    pieces.absorbed(torch::narrow(x, 1, 0, 6), 0);
    Expected(file, "direct.step.")
        .check(pieces.naive(torch::narrow(x, 1, 6, 1), 6), pieces.naive_cache, true);
    Expected(file, "direct.step.")
        .check(pieces.absorbed(torch::narrow(x, 1, 6, 1), 6), pieces.latent_cache, true);
}

TEST_CASE("YaRN: frequencies and softmax scale of DeepSeek-V3 are PyTorch's") {
    const ReferenceFile file("chapter_7_mla.safetensors");
    ch7::Config v3 = config;
    v3.qk_nope_head_dim = 128;
    v3.qk_rope_head_dim = 64;
    CHECK(largest_difference(ch7::frequencies(v3, 10000.0f, std::nullopt), file.get<1>("yarn.plain.64")) <
          1e-7f);
    CHECK(largest_difference(ch7::frequencies(v3, 10000.0f, ch7::Yarn{}), file.get<1>("yarn.freqs.64")) <
          1e-7f);
    CHECK(std::abs(ch7::softmax_scale(v3, ch7::Yarn{}) - file.get<1>("yarn.softmax_scale")(0)) < 1e-7f);

    // By hand: 1/√192, and (0.1 ln 40 + 1)² = 1.8739.
    CHECK(std::abs(ch7::softmax_scale(v3, std::nullopt) - 0.0721688f) < 1e-7f);
    CHECK(std::abs(ch7::softmax_scale(v3, ch7::Yarn{}) / 0.0721688f - 1.8739f) < 1e-4f);
    CHECK(ch7::softmax_scale(v3, ch7::Yarn{.mscale = 0.0f}) == ch7::softmax_scale(v3, std::nullopt));

    // A factor that stretches nothing sharpens nothing.
    for (const float factor : {0.5f, 1.0f}) {
        CHECK(ch7::softmax_scale(v3, ch7::Yarn{.scaling = {.factor = factor}}) ==
              ch7::softmax_scale(v3, std::nullopt));
    }
}

TEST_CASE("YaRN: a factor on the rotations scales the scores of position by its square") {
    const ch7::Weights weights = strong_layer(20, config);
    const Tensor3 x = random_batch(21, 2, 5, config.dim);
    BothForms plain{config, weights, ch7::positions(config, 10000.0f, ch7::Yarn{}, 9)};
    BothForms scaled{config, weights, ch7::positions(config, 10000.0f, ch7::Yarn{.rotation_scale = 1.5f}, 9)};
    const ch7::AbsorbedTrace expected = plain.absorbed(x, 0), trace = scaled.absorbed(x, 0);
    CHECK(largest_difference(trace.scores_pe, Tensor4(expected.scores_pe * 2.25f)) < 1e-5f);
    CHECK(exact(trace.scores_nope) == exact(expected.scores_nope));
}

TEST_CASE("latent attention: naive is absorbed, whatever the pieces") {
    const ch7::Config& sizes = GENERATE(as<std::reference_wrapper<const ch7::Config>>{}, std::cref(config),
                                        std::cref(direct_config));
    const ch7::Weights weights = strong_layer(1, sizes);
    const Tensor3 x = random_batch(2, 2, 8, sizes.dim);
    BothForms whole{sizes, weights, ch7::positions(sizes, 100.0f, direct_yarn, 9)};
    const ch7::NaiveTrace naive = whole.naive(x, 0);
    const ch7::AbsorbedTrace absorbed = whole.absorbed(x, 0);
    CHECK(largest_difference(naive.attn_scores, absorbed.attn_scores) < 2e-5f);
    CHECK(largest_difference(naive.attn_weights, absorbed.attn_weights) < 5e-6f);
    CHECK(largest_difference(naive.head_context, absorbed.head_context) < 5e-6f);
    CHECK(largest_difference(naive.output, absorbed.output) < 5e-6f);

    const std::vector<std::vector<std::size_t>> ways = {{3, 5}, {1, 2, 4, 1}, {1, 1, 1, 1, 1, 1, 1, 1}};
    for (const std::vector<std::size_t>& pieces : ways) {
        BothForms forms{sizes, weights, whole.positions};
        // What no call has written, no call may read.
        forms.poison();
        const Tensor3 naively = ch5::in_pieces(x, pieces, [&](const Tensor3& piece, std::size_t start_pos) {
            return forms.naive(piece, start_pos).output;
        });
        const Tensor3 absorbedly =
            ch5::in_pieces(x, pieces, [&](const Tensor3& piece, std::size_t start_pos) {
                return forms.absorbed(piece, start_pos).output;
            });
        CHECK(largest_difference(naively, naive.output) < 5e-6f);
        CHECK(largest_difference(absorbedly, naive.output) < 5e-6f);
    }
}

TEST_CASE("latent attention against the same in double") {
    const ch7::Weights weights = strong_layer(3, config);
    BothForms forms{config, weights, plain_positions(config)};
    const Tensor3 x = random_batch(4, 2, 7, config.dim);
    const ch7::NaiveTrace trace = forms.naive(x, 0);
    const ch7::AbsorbedTrace absorbed = forms.absorbed(x, 0);

    // Head by head, from keys that are made here: content of the latent, then the turned k_pe.
    const Tensor3 up_to_keys = ch7::w_uk(weights, config), up_to_values = ch7::w_uv(weights, config);
    for (std::size_t b = 0; b < 2; ++b) {
        for (std::size_t h = 0; h < config.n_heads; ++h) {
            Matrix q = Matrix::from_shape({7, 9}), k = q;
            const Matrix latents = torch::select(trace.made.kv_normed, b);
            const Matrix content = torch::matmul_transposed(latents, torch::select(up_to_keys, h));
            const Matrix v = torch::matmul_transposed(latents, torch::select(up_to_values, h));
            for (std::size_t t = 0; t < 7; ++t) {
                for (std::size_t i = 0; i < 9; ++i) {
                    q(t, i) = i < 5 ? trace.made.q(b, t, h, i) : trace.made.q_pe_rotated(b, t, h, i - 5);
                    k(t, i) = i < 5 ? content(t, i) : trace.made.k_pe_rotated(b, t, i - 5);
                }
            }
            const Matrix expected = attention_in_double(q, k, v, 9.0, true);
            for (std::size_t t = 0; t < 7; ++t) {
                for (std::size_t i = 0; i < config.v_head_dim; ++i) {
                    CHECK(std::abs(trace.head_context(b, t, h, i) - expected(t, i)) < 2 * close_to_double);
                    CHECK(std::abs(absorbed.head_context(b, t, h, i) - expected(t, i)) < 2 * close_to_double);
                }
            }
        }
    }
}

TEST_CASE("latent attention: causality to the bit, in both forms") {
    const ch7::Weights weights = strong_layer(5, config);
    const Matrix x = random_matrix(6, 7, config.dim);
    const auto outputs = [&](const Matrix& tokens, bool absorbed) {
        BothForms forms{config, weights, plain_positions(config)};
        const Tensor3 batch = torch::view<3>(tokens, {1, 7, config.dim});
        return torch::select(absorbed ? forms.absorbed(batch, 0).output : forms.naive(batch, 0).output, 0);
    };
    for (const bool absorbed : {false, true}) {
        const Matrix before = outputs(x, absorbed);
        for (std::size_t token = 0; token < 7; ++token) {
            CAPTURE(absorbed, token);
            std::vector<bool> expected(7, false);
            for (std::size_t i = token; i < 7; ++i) expected[i] = true;
            CHECK(ch3::rows_changed(before, outputs(ch3::perturb_token(x, token), absorbed)) == expected);
        }
    }
}

TEST_CASE("RMSNorm: by hand, and the same for a token ten times as long") {
    // The root of the mean of 9, 16 and 0... is 2.5 over four numbers.
    const Tensor3 normed = ch7::rms_norm(Tensor3{{{3, 4, 0, 0}}}, Vector{1, 1, 1, 2}, 0.0f);
    CHECK(exact(normed) == exact(Tensor3{{{1.2f, 1.6f, 0, 0}}}));

    const Tensor3 x = random_batch(7, 2, 3, 5);
    const Vector weight = {1, -2, 0.5f, 3, 1};
    CHECK(largest_difference(ch7::rms_norm(x, weight), ch7::rms_norm(Tensor3(x * 10.0f), weight)) < 1e-5f);
    CHECK(exact(ch7::rms_norm(Tensor3{{{0, 0}}}, Vector{1, 1})) == exact(Tensor3{{{0, 0}}}));
    CHECK_THROWS_AS(ch7::rms_norm(x, Vector{1, 1}), std::invalid_argument);
    CHECK_THROWS_WITH(ch7::rms_norm(x, Vector{1, 1, 1, 1, 1, 1}),
                      "rms_norm: the weight has 6 elements, the tokens have 5");

    // eps counts where the numbers are small: 1 / sqrt(1 + 3).
    CHECK(exact(ch7::rms_norm(Tensor3{{{1, 1}}}, Vector{1, 1}, 3.0f)) == exact(Tensor3{{{0.5f, 0.5f}}}));
}

TEST_CASE("wkv_b: each head's rows for keys, then for values") {
    const ch7::Weights weights = strong_layer(8, config);
    const Tensor3 up_to_keys = ch7::w_uk(weights, config), up_to_values = ch7::w_uv(weights, config);
    for (std::size_t h = 0; h < 3; ++h) {
        CHECK(exact(torch::select(up_to_keys, h)) ==
              exact(torch::narrow(weights.wkv_b.weight, 0, 11 * h, 5)));
        CHECK(exact(torch::select(up_to_values, h)) ==
              exact(torch::narrow(weights.wkv_b.weight, 0, 11 * h + 5, 6)));
    }
    ch7::Weights wrong = weights;
    wrong.wkv_b.weight = random_matrix(19, 32, 10);
    CHECK_THROWS_AS(ch7::w_uk(wrong, config), std::invalid_argument);
    wrong.wkv_b.weight = random_matrix(19, 33, 11);
    CHECK_THROWS_WITH(ch7::w_uv(wrong, config), "wkv_b is (33, 11), not (33, 10)");
}

TEST_CASE("chapter 7: weights are drawn in the order of PyTorch's layers, and the norms are ones") {
    // (in, out) of wq or wq_a and wq_b, wkv_a, wkv_b, wo.
    const auto expected = [](const std::vector<std::pair<std::size_t, std::size_t>>& sizes) {
        torch::Generator generator(24);
        std::string text;
        for (const auto& [in, out] : sizes) text += exact(ch2::random_linear(generator, in, out).weight);
        return text;
    };
    const auto drawn = [](const ch7::Weights& weights, const std::vector<ch2::Linear>& queries) {
        std::string text;
        for (const ch2::Linear& linear : queries) text += exact(linear.weight);
        return text + exact(weights.wkv_a.weight) + exact(weights.wkv_b.weight) + exact(weights.wo.weight);
    };
    torch::Generator generator(24), same(24);
    const ch7::Weights weights = ch7::random_weights(generator, config);
    CHECK(drawn(weights, {weights.wq_a, weights.wq_b}) ==
          expected({{12, 8}, {8, 27}, {12, 14}, {10, 33}, {18, 12}}));
    CHECK(exact(weights.q_norm) == exact(Vector(xt::ones<float>({8}))));
    CHECK(exact(weights.kv_norm) == exact(Vector(xt::ones<float>({10}))));

    const ch7::Weights direct = ch7::random_weights(same, direct_config);
    CHECK(drawn(direct, {direct.wq}) == expected({{12, 27}, {12, 14}, {10, 33}, {18, 12}}));
    CHECK(direct.q_norm.size() == 0);
}

TEST_CASE("RoPE inside the key: absorbing once is wrong, absorbing for each key is right") {
    const Matrix w_uk = random_matrix(9, 4, 10), latents = random_matrix(10, 6, 10);
    const Vector q = torch::select(random_matrix(11, 1, 4), 0);
    const ch6::ComplexMatrix table = ch6::rotation_table(ch6::frequencies(4, 10000.0f), 9);
    const ch7::RopeInside inside = ch7::rope_inside(q, w_uk, latents, table, 5);
    CHECK(largest_difference(inside.scores, inside.repaired) < 1e-5f);
    CHECK(std::abs(inside.absorbed(0) - inside.scores(0)) < 1e-5f);
    for (std::size_t n = 1; n < 6; ++n) CHECK(std::abs(inside.absorbed(n) - inside.scores(n)) > 1e-2f);

    // The score of chapter 6, with the key made and turned.
    const Matrix keys = torch::matmul_transposed(latents, w_uk);
    const Tensor4 turned_q = ch6::rotate(torch::view<4>(q, {1, 1, 1, 4}), table, 5);
    const Tensor4 turned_keys =
        ch6::rotate(torch::view<4>(torch::view<3>(keys, {1, 6, 4}), {1, 6, 1, 4}), table, 0);
    for (std::size_t n = 0; n < 6; ++n) {
        float score = 0.0f;
        for (std::size_t i = 0; i < 4; ++i) score += turned_q(0, 0, 0, i) * turned_keys(0, n, 0, i);
        CHECK(std::abs(inside.scores(n) - score) < 1e-5f);

        // What key n would have to be met with: the query turned by 5 - n, then absorbed.
        const Tensor4 between = ch6::rotate(torch::view<4>(q, {1, 1, 1, 4}), table, 5 - n);
        const Matrix absorbed = torch::matmul(torch::view<2>(torch::view<1>(between, {4}), {1, 4}), w_uk);
        CHECK(largest_difference(torch::select(inside.query_for_each_key, n), torch::select(absorbed, 0)) <
              1e-5f);
    }
}

TEST_CASE("ledger: what DeepSeek-V3 keeps of a token") {
    const ch7::Config v3{7168, 128, 1536, 512, 128, 64, 128, 1, 4096};
    const std::vector<ch7::Kept> kept = ch7::cache_ledger(v3);
    std::vector<std::size_t> numbers;
    for (const ch7::Kept& row : kept) numbers.push_back(row.per_token);
    CHECK(numbers == std::vector<std::size_t>{32768, 2048, 256, 40960, 576});

    // Three heads cannot share eight: grouped-query attention is multi-head attention then.
    const std::vector<ch7::Kept> few = ch7::cache_ledger(config);
    CHECK(few[0].per_token == 2 * 3 * 5);
    CHECK(few[1].per_token == 2 * 3 * 5);
    CHECK(few[2].per_token == 2 * 5);
}

TEST_CASE("ledger: the work is what the products of a call come to") {
    const ch7::Weights weights = strong_layer(12, config);
    BothForms forms{config, weights, plain_positions(config)};
    forms.naive(random_batch(13, 1, 4, config.dim), 0);
    forms.absorbed(random_batch(13, 1, 4, config.dim), 0);
    const Tensor3 x = random_batch(14, 1, 2, config.dim);
    const ch7::NaiveTrace naive = forms.naive(x, 4);
    const ch7::AbsorbedTrace absorbed = forms.absorbed(x, 4);

    // Two operations for each term of each sum.
    const auto product = [](const auto& result, std::size_t terms) {
        return 2.0 * static_cast<double>(result.size() * terms);
    };
    CHECK(ch7::naive_work(config, 2, 6).flops == product(naive.k_nope, 10) + product(naive.v, 10) +
                                                     product(naive.attn_scores, 9) +
                                                     product(naive.head_context, 6));
    CHECK(ch7::naive_work(config, 2, 6).numbers_read ==
          static_cast<double>(forms.naive_cache.k_cache.read(1, 6).size() +
                              forms.naive_cache.v_cache.read(1, 6).size()));
    CHECK(ch7::absorbed_work(config, 2, 6).flops ==
          product(absorbed.q_absorbed, 5) + product(absorbed.scores_nope, 10) +
              product(absorbed.scores_pe, 4) + product(absorbed.context_latent, 6) +
              product(absorbed.head_context, 10));
    CHECK(ch7::absorbed_work(config, 2, 6).numbers_read ==
          static_cast<double>(forms.latent_cache.kv_cache.read(1, 6).size() +
                              forms.latent_cache.pe_cache.read(1, 6).size()));

    // All six tokens' keys and values again, instead of the two new ones'.
    CHECK(ch7::expanding_work(config, 2, 6).flops ==
          ch7::naive_work(config, 2, 6).flops + 2.0 * 4 * 10 * 3 * (5 + 6));
    CHECK(ch7::expanding_work(config, 2, 6).numbers_read == ch7::absorbed_work(config, 2, 6).numbers_read);
}

TEST_CASE("latent caches refuse what does not fit, and keep what they have") {
    const ch7::Weights weights = strong_layer(15, config);
    BothForms forms{config, weights, ch7::positions(config, 10000.0f, std::nullopt, 20)};
    const Tensor3 x = random_batch(16, 2, 4, config.dim);
    forms.naive(x, 0);
    forms.absorbed(x, 0);
    const std::string latents = exact(forms.latent_cache.kv_cache.all());
    const std::string keys = exact(forms.naive_cache.k_cache.all());

    const Tensor3 too_long = random_batch(17, 2, 6, config.dim),
                  too_many = random_batch(18, 4, 1, config.dim);
    for (const Tensor3& wrong : {too_long, too_many}) {
        CHECK_THROWS_AS(forms.naive(wrong, 4), std::invalid_argument);
        CHECK_THROWS_AS(forms.absorbed(wrong, 4), std::invalid_argument);
    }
    CHECK(exact(forms.latent_cache.kv_cache.all()) == latents);
    CHECK(exact(forms.naive_cache.k_cache.all()) == keys);
    CHECK(forms.latent_cache.per_token() == 10 + 4);
    CHECK(forms.naive_cache.per_token() == 3 * (9 + 6));
}

TEST_CASE(
    "latent caches: full to the last place, zero where nothing was written, and what is too much is said") {
    ch7::TokenBuffer<3> buffer({3, 9, 2});
    const Tensor3 fresh = random_batch(22, 2, 4, 2);
    buffer.write(5, fresh);
    Tensor3 expected = xt::zeros<float>({3, 9, 2});
    xt::view(expected, xt::range(0, 2), xt::range(5, 9)) = fresh;
    CHECK(exact(buffer.all()) == exact(expected));
    CHECK(exact(Tensor3(buffer.read(2, 9))) == exact(torch::narrow(expected, 0, 0, 2)));
    CHECK(exact(Tensor3(buffer.read(3, 7))) == exact(torch::narrow(expected, 1, 0, 7)));

    CHECK_THROWS_WITH(buffer.write(6, fresh), "the cache holds 9 tokens, not 10: raise max_seq_len");
    CHECK_THROWS_WITH(buffer.write(0, random_batch(23, 4, 1, 2)),
                      "the cache holds 3 sequences, not 4: raise max_batch_size");
}

TEST_CASE("chapter 7: a config that cannot be is named") {
    ch7::Config wrong = config;
    wrong.qk_rope_head_dim = 3;
    CHECK_THROWS_WITH(ch7::check(wrong), "RoPE rotates pairs: qk_rope_head_dim = 3 is not even");
    const std::pair<const char*, std::size_t ch7::Config::*> sizes[] = {
        {"dim", &ch7::Config::dim},
        {"n_heads", &ch7::Config::n_heads},
        {"kv_lora_rank", &ch7::Config::kv_lora_rank},
        {"qk_nope_head_dim", &ch7::Config::qk_nope_head_dim},
        {"qk_rope_head_dim", &ch7::Config::qk_rope_head_dim},
        {"v_head_dim", &ch7::Config::v_head_dim},
        {"max_batch_size", &ch7::Config::max_batch_size},
        {"max_seq_len", &ch7::Config::max_seq_len}};
    for (const auto& [name, size] : sizes) {
        wrong = config;
        wrong.*size = 0;
        CHECK_THROWS_WITH(ch7::check(wrong), std::string(name) + " must be at least 1");
    }
    wrong = config;
    wrong.q_lora_rank = 0;
    CHECK_NOTHROW(ch7::check(wrong));

    // No call goes on with it.
    wrong.max_seq_len = 0;
    const ch7::Weights weights = strong_layer(25, config);
    BothForms forms{wrong, weights, plain_positions(config)};
    CHECK_THROWS_WITH(forms.naive(random_batch(26, 1, 1, config.dim), 0), "max_seq_len must be at least 1");
    CHECK_THROWS_WITH(forms.absorbed(random_batch(26, 1, 1, config.dim), 0),
                      "max_seq_len must be at least 1");
}
