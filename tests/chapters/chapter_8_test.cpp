// Chapter 8: what must hold of every Llama 4 model, and values computed by hand.
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"
#include "chapters/08_llama_4/chunked_mask.hpp"
#include "chapters/08_llama_4/images.hpp"
#include "chapters/08_llama_4/model.hpp"
#include "chapters/08_llama_4/parameters.hpp"
#include "chapters/08_llama_4/qk_norm.hpp"
#include "chapters/08_llama_4/temperature.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/text.hpp"

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float rounding = 2e-6f;  // of a result whose values are about 1

// Hardly two sizes alike. Layer 0: RoPE, dense. Layer 1: NoPE, dense. Layer 2: RoPE, experts. Layer 3: NoPE,
// experts. Ten tokens are three chunks and the first token of a fourth.
constexpr std::size_t batch = 2, length = 10, chunk = 3;
ch8::Config small() {
    ch8::Config config;
    config.heads = {
        .dim = 9, .n_heads = 6, .n_kv_heads = 2, .head_dim = 4, .max_batch_size = 2, .max_seq_len = 11};
    config.n_layers = 4;
    config.vocab_size = 13;
    config.nope_layers = config.global_layers = {1, 3};
    config.attention_chunk_size = chunk;
    config.use_qk_norm = config.attn_temperature_tuning = true;
    config.floor_scale = 2.0f;
    config.attn_scale = 0.5f;
    config.hidden_dim = 7;
    config.moe_layers = {2, 3};
    config.num_experts = 5;
    config.top_k = 2;
    config.expert_dim = 3;
    return config;
}

// A model whose weights are larger than nn.Linear's, so that softmax is far from uniform.
struct Model {
    ch8::Config config = small();
    ch8::Weights weights;
    ch6::ComplexMatrix table = ch6::rotation_table(ch6::frequencies(4, 100.0f), 11);

    Model() {
        torch::Generator generator(8);
        weights = ch8::random_weights(generator, config);
        for (ch8::BlockWeights& layer : weights.layers) {
            for (ch2::Linear* linear : {&layer.attention.wq, &layer.attention.wk, &layer.attention.wv}) {
                linear->weight *= 3.0f;
            }
            layer.attention_norm = torch::uniform(generator, config.heads.dim, 0.5f, 1.5f);
            layer.ffn_norm = torch::uniform(generator, config.heads.dim, 0.5f, 1.5f);
        }
    }

    [[nodiscard]] Tensor3 block(std::size_t layer, const Tensor3& x) const {
        ch5::KVCache cache(config.heads);
        return ch8::run_block(x, weights.layers[layer], config, layer, table, cache, 0).output;
    }
    [[nodiscard]] ch8::ModelTrace run(const Tensor3& h, ch8::Caches& caches, std::size_t start_pos) const {
        return ch8::run_model(h, weights, config, table, caches, start_pos);
    }
    [[nodiscard]] Tensor3 logits(const ch8::Tokens& tokens) const {
        ch8::Caches caches = ch8::make_caches(config);
        return run(embed(tokens), caches, 0).logits;
    }
    [[nodiscard]] Tensor3 embed(const ch8::Tokens& tokens) const {
        return ch8::embed(tokens, weights.tok_embeddings);
    }
};

ch8::Tokens some_tokens(std::uint64_t seed) {
    torch::Generator generator(seed);
    return xt::reshape_view(torch::randint(generator, 0, 13, batch * length), {batch, length});
}

// Tokens `start` to `stop` of a sequence.
Tensor3 part(const Tensor3& x, std::size_t start, std::size_t stop) {
    return torch::narrow(x, 1, start, stop - start);
}

bool is_close(float a, float b) {
    return std::abs(a - b) < rounding * std::abs(b);
}

ch2::Linear linear(const Matrix& weight) {
    return {weight, std::nullopt};
}

ch8::MoeWeights some_experts(std::size_t dim, std::size_t experts, std::size_t hidden) {
    torch::Generator generator(5);
    ch8::MoeWeights weights = ch8::random_moe(generator, dim, experts, hidden);
    weights.router.weight *= 4.0f;
    return weights;
}

Matrix scaled_rows(const Matrix& x, const Vector& factors) {
    return x * xt::reshape_view(factors, {factors.size(), std::size_t{1}});
}

}  // namespace

// --- attention

TEST_CASE("chapter 8: a changed token changes no earlier token, in any kind of layer") {
    const Model model;
    const Tensor3 x = random_batch(1, batch, length, 9);
    // An expert that gets one token more may be another BLAS call, which rounds otherwise. All else is exact.
    const auto is_same = [&](const auto& after, const auto& before, bool is_moe) {
        return is_moe ? largest_difference(after, before) < rounding : exact(after) == exact(before);
    };
    for (std::size_t layer = 0; layer < model.config.n_layers; ++layer) {
        const Tensor3 before = model.block(layer, x);
        const bool is_moe = ch8::contains(model.config.moe_layers, layer);
        for (std::size_t t = 1; t < length; ++t) {
            CAPTURE(layer, t);
            Tensor3 changed = x;
            xt::view(changed, 0, t) = -3.0f * xt::view(x, 0, t) + 1.0f;
            const Tensor3 after = model.block(layer, changed);
            CHECK(is_same(part(after, 0, t), part(before, 0, t), is_moe));
            CHECK(is_same(torch::select(after, 1), torch::select(before, 1), is_moe));
            CHECK(largest_difference(part(after, t, t + 1), part(before, t, t + 1)) > 0.1f);
        }
    }
}

TEST_CASE("chapter 8: a chunk sees nothing before it, whatever the cache holds there") {
    const Model model;
    const Tensor3 x = random_batch(2, batch, length, 9);
    const std::size_t layer = GENERATE(std::size_t{0}, 1, 2, 3);
    const bool is_global = ch8::contains(model.config.global_layers, layer);
    const ch5::Weights& weights = model.weights.layers[layer].attention;
    CAPTURE(layer);

    // Seven tokens are two chunks and the first token of a third. The others begin in its middle.
    const auto others = [&](bool is_poisoned) {
        ch5::KVCache cache(model.config.heads);
        ch8::attention(part(x, 0, 7), weights, model.config, layer, model.table, cache, 0);
        if (is_poisoned) {
            // A value may be any finite number: 0 * NaN is NaN.
            const Tensor4 keys = xt::ones<float>({2, 6, 2, 4}) * not_a_number,
                          values = xt::ones<float>({2, 6, 2, 4}) * -1e30f;
            cache.write(0, keys, values);
        }
        return ch8::attention(part(x, 7, length), weights, model.config, layer, model.table, cache, 7)
            .attended.output;
    };
    const std::string clean = exact(others(false)), poisoned = exact(others(true));
    CHECK((poisoned == clean) != is_global);
}

TEST_CASE("chapter 8: in a model whose layers are all chunked, a changed token reaches its own chunk only") {
    Model model;
    model.config.global_layers = {};
    const ch8::Tokens tokens = some_tokens(3);
    ch8::Tokens changed = tokens;
    changed(0, 4) = (tokens(0, 4) + 1) % 13;
    const Tensor3 before = model.logits(tokens), after = model.logits(changed);
    CHECK(largest_difference(part(after, 0, 4), part(before, 0, 4)) < rounding);
    CHECK(largest_difference(part(after, 6, length), part(before, 6, length)) < rounding);
    CHECK(largest_difference(part(after, 5, 6), part(before, 5, 6)) > 0.01f);
}

TEST_CASE("chapter 8: the chunked mask keeps a key of the same chunk that is not later") {
    for (const std::size_t size : {1U, 2U, 3U, 5U, 12U, 40U}) {
        for (std::size_t start_pos = 0; start_pos < 12; ++start_pos) {
            for (const std::size_t tokens : {1U, 2U, 7U}) {
                CAPTURE(size, start_pos, tokens);
                const ch3::MaskMatrix mask = ch8::chunked_mask(tokens, start_pos, size);
                REQUIRE(mask.shape(0) == tokens);
                REQUIRE(mask.shape(1) == start_pos + tokens);
                bool is_right = true;
                for (std::size_t row = 0; row < tokens; ++row) {
                    const std::size_t i = start_pos + row;
                    for (std::size_t j = 0; j < start_pos + tokens; ++j) {
                        is_right &= mask(row, j) != (i / size == j / size && j <= i);
                    }
                }
                CHECK(is_right);
            }
        }
    }
}

TEST_CASE("chapter 8: each kind of layer has its own mask, norm and temperature") {
    Model model;
    const Tensor3 x = random_batch(4, batch, length, 9);
    const auto attention = [&](std::size_t layer) {
        ch5::KVCache cache(model.config.heads);
        return ch8::attention(x, model.weights.layers[layer].attention, model.config, layer, model.table,
                              cache, 0);
    };
    const auto masks_first_key = [&](std::size_t layer) {
        return ch8::mask_of(model.config, layer, 1, chunk)(0, 0);
    };
    const ch8::AttentionTrace rope = attention(0);
    CHECK(rope.temperature.size() == 0);
    CHECK(rope.xq_scaled.size() == 0);
    CHECK(exact(rope.xq_rotated) == exact(ch6::rotate(rope.xq, model.table, 0)));
    CHECK(exact(rope.xq_normed) == exact(ch8::qk_norm(rope.xq_rotated, 1e-5f)));
    CHECK(exact(rope.attended.xq) == exact(rope.xq_normed));
    CHECK(exact(rope.attended.xk) == exact(rope.xk_normed));
    CHECK(masks_first_key(0));

    // Without positions, no table is read.
    model.table *= not_a_number;
    const ch8::AttentionTrace nope = attention(1);
    CHECK(nope.xq_rotated.size() == 0);
    CHECK(nope.xq_normed.size() == 0);
    CHECK(exact(nope.temperature) == exact(ch8::temperature(0, length, 2.0f, 0.5f)));
    CHECK(exact(nope.attended.xq) == exact(nope.xq_scaled));
    CHECK(exact(nope.attended.xk) == exact(nope.xk));
    CHECK_FALSE(masks_first_key(1));

    model.config.attention_chunk_size = std::nullopt;
    CHECK_FALSE(masks_first_key(0));
    model.config.use_qk_norm = model.config.attn_temperature_tuning = false;
    CHECK(attention(0).xq_normed.size() == 0);
    CHECK(exact(attention(1).attended.xq) == exact(nope.xq));
}

TEST_CASE("chapter 8: QK norm by hand, with its eps and with a weight") {
    const Tensor4 head = torch::view<4>(Vector{3.0f, 4.0f}, {1, 1, 1, 2});  // the mean of the squares is 12.5
    CHECK(exact(ch8::qk_norm(head, 3.5f)) == exact(torch::view<4>(Vector{0.75f, 1.0f}, {1, 1, 1, 2})));
    CHECK(exact(ch8::qk_norm(head, Vector{2.0f, -1.0f}, 3.5f)) ==
          exact(torch::view<4>(Vector{1.5f, -1.0f}, {1, 1, 1, 2})));
}

TEST_CASE("chapter 8: QK norm before RoPE is QK norm after it, unless it has weights") {
    const Model model;
    const Tensor4 xq = torch::view<4>(random_batch(5, batch, length, 6 * 4), {batch, length, 6, 4});
    const auto difference = [&](const auto& norm) {
        return largest_difference<4>(norm(ch6::rotate(xq, model.table, 1)),
                                     ch6::rotate(norm(xq), model.table, 1));
    };
    const Vector ones = xt::ones<float>({4}), weight = {0.5f, 1.0f, 1.5f, 1.0f};
    CHECK(difference([](const Tensor4& x) { return ch8::qk_norm(x, 1e-5f); }) < rounding);
    CHECK(difference([&](const Tensor4& x) { return ch8::qk_norm(x, ones, 1e-5f); }) < rounding);
    CHECK(difference([&](const Tensor4& x) { return ch8::qk_norm(x, weight, 1e-5f); }) > 0.1f);
}

TEST_CASE("chapter 8: the temperature by hand, from any position") {
    // floor((position + 1) / 2) is 0, 1, 1, 2, 2, 3.
    const float two = std::log(2.0f) / 2.0f + 1.0f, three = std::log(3.0f) / 2.0f + 1.0f,
                four = std::log(4.0f) / 2.0f + 1.0f;
    CHECK(largest_difference(ch8::temperature(0, 6, 2.0f, 0.5f), Vector{1.0f, two, two, three, three, four}) <
          rounding);
    CHECK(largest_difference(ch8::temperature(3, 2, 2.0f, 0.5f), Vector{three, three}) < rounding);
    CHECK(largest_difference(ch8::temperature(5, 1, 2.0f, 0.5f), Vector{four}) < rounding);

    // Llama 4's own numbers: 1 up to token 8191, counted from 1.
    CHECK(largest_difference(ch8::temperature(8190, 2, 8192.0f, 0.1f),
                             Vector{1.0f, std::log(2.0f) * 0.1f + 1.0f}) < rounding);
}

TEST_CASE("chapter 8: scale_queries multiplies all heads of a token") {
    const Tensor4 xq = torch::view<4>(random_batch(6, 2, 3, 2 * 5), {2, 3, 2, 5});
    const Vector factors = {1.0f, 2.0f, -0.5f};
    const Tensor4 scaled = ch8::scale_queries(xq, factors);
    REQUIRE(scaled.shape() == xq.shape());
    for (std::size_t t = 0; t < 3; ++t) {
        const Tensor4 expected = factors(t) * torch::narrow(xq, 1, t, 1);
        CHECK(exact(torch::narrow(scaled, 1, t, 1)) == exact(expected));
    }
}

// --- feed-forward networks

TEST_CASE("chapter 8: SwiGLU by hand") {
    // silu(1) = 0.7310586 opens the gate for 3 * 2, and 5 takes it back to one number, twice.
    const ch8::FeedForward network{linear({{0.5f}}), linear({{5.0f}, {-5.0f}}), linear({{3.0f}})};
    const ch8::FeedForwardTrace trace = network(Matrix{{2.0f}});
    CHECK(is_close(trace.gate(0, 0), 0.7310586f));
    CHECK(trace.up(0, 0) == 6.0f);
    CHECK(is_close(trace.output(0, 0), 0.7310586f * 30.0f));
    CHECK(trace.output(0, 1) == -trace.output(0, 0));
    CHECK(ch8::sigmoid(0.0f) == 0.5f);
    CHECK(ch8::sigmoid(-200.0f) == 0.0f);
    CHECK(ch8::sigmoid(200.0f) == 1.0f);
}

TEST_CASE("chapter 8: hidden widths by hand") {
    // int(2 * 4 * 5 / 3) = 13, int(13 * 1.5) = 19, up to a multiple of 4. Without the first int it would
    // be 20.
    CHECK(ch8::hidden_width(5, 1.0, 1) == 13);
    CHECK(ch8::hidden_width(5, 1.5, 1) == 19);
    CHECK(ch8::hidden_width(5, 1.5, 4) == 20);
    CHECK(ch8::hidden_width(5, 1.5, 19) == 19);

    // int(1.5 * 25) = 37, int(2 * 37 / 3) = 24, int(24 * 1.1) = 26, int(26 / 2.5) = 10.
    CHECK(ch8::expert_width(25, 1.5, 1.0, 1.0, 1) == 24);
    CHECK(ch8::expert_width(25, 1.5, 1.1, 1.0, 1) == 26);
    CHECK(ch8::expert_width(25, 1.5, 1.1, 2.5, 1) == 10);
    CHECK(ch8::expert_width(25, 1.5, 1.1, 2.5, 7) == 14);
    // int(12.72) = 12 and int(12 / 2.5) = 4, although 12.72 / 2.5 is above 5.
    CHECK(ch8::expert_width(25, 1.5, 0.53, 2.5, 1) == 4);

    // dim 5120 and a multiplier of 1.2: int(13653.3) = 13653, int(16383.6) = 16383, int(16383 / 2) = 8191.
    // The results are the widths that Hugging Face's Llama4TextConfig has as defaults.
    CHECK(ch8::hidden_width(5120, 1.2, 256) == 16384);
    CHECK(ch8::expert_width(5120, 4.0, 1.2, 2.0, 256) == 8192);

    CHECK_THROWS_AS(ch8::hidden_width(5, 0.01, 1), std::invalid_argument);
    CHECK_THROWS_AS(ch8::hidden_width(2000000000, 1.0, 1), std::invalid_argument);
    CHECK_THROWS_AS(ch8::hidden_width(5, std::numeric_limits<double>::infinity(), 1), std::invalid_argument);
    CHECK_THROWS_AS(ch8::expert_width(5, 0.1, 1.0, 1.0, 1), std::invalid_argument);
}

TEST_CASE("chapter 8: the router keeps top_k sigmoids; of equal logits, those with lower numbers") {
    const float ln_3 = std::log(3.0f);
    const Matrix logits = {{0.0f, ln_3, -1.0f}, {0.0f, 0.0f, 0.0f}, {-ln_3, -2.0f, -ln_3}};
    const Matrix one = ch8::route(logits, 1), two = ch8::route(logits, 2), three = ch8::route(logits, 3);
    const float first = ch8::sigmoid(ln_3), last = ch8::sigmoid(-ln_3);  // 3/4 and 1/4
    CHECK(is_close(first, 0.75f));
    CHECK(is_close(last, 0.25f));
    CHECK(exact(one) == exact(Matrix{{0.0f, 0.5f, last}, {first, 0.0f, 0.0f}, {0.0f, 0.0f, 0.0f}}));
    CHECK(exact(two) == exact(Matrix{{0.5f, 0.5f, last}, {first, 0.5f, 0.0f}, {0.0f, 0.0f, last}}));
    CHECK(three(2, 0) == ch8::sigmoid(-1.0f));
    CHECK(three(1, 2) == ch8::sigmoid(-2.0f));
}

TEST_CASE("chapter 8: an expert's input is multiplied by its score, not its output") {
    // The router gives the logit 0 and so the score 1/2; the expert computes silu(x) * x.
    const ch2::Linear one = linear({{1.0f}}), zero = linear({{0.0f}});
    const ch8::MoeWeights weights{zero, {{one, one, one}}, {zero, zero, zero}};
    const ch8::MoeTrace trace = ch8::mixture_of_experts(Matrix{{2.0f}}, weights, 1);
    CHECK(is_close(trace.experts(0, 0), 0.7310586f));  // silu(1) * 1; half of silu(2) * 2 is 1.7616
    CHECK(trace.output(0, 0) == trace.experts(0, 0));
}

TEST_CASE("chapter 8: one expert is a dense network on the scaled tokens, beside the shared expert") {
    const ch8::MoeWeights weights = some_experts(5, 1, 3);
    const Matrix x = random_matrix(7, 7, 5);
    const ch8::MoeTrace trace = ch8::mixture_of_experts(x, weights, 1);
    const Vector scores = torch::select(trace.router_scores, 0);
    const Matrix logits = weights.router(x);
    for (std::size_t n = 0; n < 7; ++n) CHECK(scores(n) == ch8::sigmoid(logits(n, 0)));

    const Matrix dense = weights.experts[0](scaled_rows(x, scores)).output,
                 shared = weights.shared_expert(x).output, sum = shared + dense;
    CHECK(exact(trace.experts) == exact(dense));
    CHECK(exact(trace.shared_expert) == exact(shared));
    CHECK(exact(trace.output) == exact(sum));
}

TEST_CASE("chapter 8: with top_k experts, the chosen ones are added up; with all, all") {
    const ch8::MoeWeights weights = some_experts(5, 4, 3);
    const Matrix x = random_matrix(8, 7, 5);
    const std::size_t top_k = GENERATE(std::size_t{1}, 2, 3, 4);
    CAPTURE(top_k);
    const ch8::MoeTrace trace = ch8::mixture_of_experts(x, weights, top_k);
    Matrix sum = xt::zeros<float>({7, 5});
    for (std::size_t n = 0; n < 7; ++n) {
        std::size_t chosen = 0;
        for (std::size_t e = 0; e < 4; ++e) {
            const float score = trace.router_scores(e, n);
            if (score == 0.0f) continue;
            ++chosen;
            const Matrix token = score * xt::view(x, xt::range(n, n + 1));
            xt::view(sum, n) += xt::view(weights.experts[e](token).output, 0);
        }
        CHECK(chosen == top_k);
    }
    CHECK(largest_difference(trace.experts, sum) < rounding);
}

TEST_CASE("chapter 8: experts permuted together with the router's rows change nothing") {
    const ch8::MoeWeights weights = some_experts(5, 6, 3);
    const Matrix x = random_matrix(9, 11, 5);
    const std::vector<std::size_t> order = {4, 2, 5, 0, 1, 3};
    ch8::MoeWeights permuted = weights;
    for (std::size_t e = 0; e < order.size(); ++e) {
        xt::view(permuted.router.weight, e) = xt::view(weights.router.weight, order[e]);
        permuted.experts[e] = weights.experts[order[e]];
    }
    const std::size_t top_k = GENERATE(std::size_t{1}, 2, 5);
    CAPTURE(top_k);
    const ch8::MoeTrace before = ch8::mixture_of_experts(x, weights, top_k),
                        after = ch8::mixture_of_experts(x, permuted, top_k);
    CHECK(largest_difference(after.output, before.output) < rounding);
    for (std::size_t e = 0; e < order.size(); ++e) {
        const Vector scores = torch::select(after.router_scores, e),
                     expected = torch::select(before.router_scores, order[e]);
        CHECK(largest_difference(scores, expected) < rounding);
    }
    // The permutation is one: with the router alone permuted, tokens come to other experts.
    permuted.experts = weights.experts;
    CHECK(largest_difference(ch8::mixture_of_experts(x, permuted, top_k).output, before.output) > 0.01f);
}

TEST_CASE("chapter 8: an expert that no token chose is not read") {
    ch8::MoeWeights weights = some_experts(5, 4, 3);
    const Matrix x = xt::abs(random_matrix(10, 7, 5));
    xt::view(weights.router.weight, 2) = -100.0f;  // the least of all, as x is positive
    const ch8::MoeTrace before = ch8::mixture_of_experts(x, weights, 2);
    for (ch2::Linear* part : {&weights.experts[2].w1, &weights.experts[2].w2, &weights.experts[2].w3}) {
        part->weight.fill(not_a_number);
    }
    CHECK(exact(ch8::mixture_of_experts(x, weights, 2).output) == exact(before.output));

    // All four are read by all.
    const ch8::MoeTrace all = ch8::mixture_of_experts(x, some_experts(5, 4, 3), 4);
    CHECK(largest_difference(all.output, before.output) > 0.01f);
}

// --- the model

TEST_CASE("chapter 8: a block adds to its input what attention and the feed-forward network return") {
    Model model;
    const Tensor3 x = random_batch(19, batch, length, 9);
    for (std::size_t layer = 0; layer < model.config.n_layers; ++layer) {
        CAPTURE(layer);
        ch8::BlockWeights& weights = model.weights.layers[layer];
        ch5::KVCache cache(model.config.heads);
        const ch8::BlockTrace trace = ch8::run_block(x, weights, model.config, layer, model.table, cache, 0);
        const Tensor3 h = x + trace.attention.attended.output, output = h + trace.feed_forward;
        CHECK(exact(trace.attention_norm) == exact(ch7::rms_norm(x, weights.attention_norm, 1e-5f)));
        CHECK(exact(trace.h) == exact(h));
        CHECK(exact(trace.ffn_norm) == exact(ch7::rms_norm(h, weights.ffn_norm, 1e-5f)));
        CHECK(exact(trace.output) == exact(output));
    }
}

TEST_CASE("chapter 8: at once, in pieces and token by token, the model gives the same logits") {
    const Model model;
    const ch8::Tokens tokens = some_tokens(11);
    const Tensor3 h = model.embed(tokens), expected = model.logits(tokens);
    const std::vector<std::size_t> sizes =
        GENERATE(values<std::vector<std::size_t>>({std::vector<std::size_t>(length, 1),
                                                   {3, 3, 3, 1},  // chunk by chunk
                                                   {1, 3, 3, 3},  // across every border
                                                   {2, 5, 3},     // across two
                                                   {7, 1, 1, 1},
                                                   {9, 1}}));
    CAPTURE(sizes);
    ch8::Caches caches = ch8::make_caches(model.config);
    for (ch5::KVCache& cache : caches) cache.fill(not_a_number);  // nobody reads what was not written
    const Tensor3 norm = ch5::in_pieces(h, sizes, [&](const Tensor3& piece, std::size_t start_pos) {
        return model.run(piece, caches, start_pos).norm;
    });
    const Tensor3 logits = model.weights.output(norm);
    CHECK(largest_difference(logits, expected) < 5 * rounding);
}

TEST_CASE("chapter 8: greedy decoding with a cache chooses the words that it chooses without") {
    const Model model;
    ch8::Tokens text = xt::view(some_tokens(12), xt::all(), xt::range(0, 2));
    ch8::Caches caches = ch8::make_caches(model.config);
    Tensor3 logits = model.run(model.embed(text), caches, 0).logits;
    std::set<std::int64_t> chosen;
    while (text.shape(1) < length) {
        const Tensor3 again = model.logits(text);
        const std::size_t last = text.shape(1) - 1;
        CHECK(largest_difference(part(logits, logits.shape(1) - 1, logits.shape(1)),
                                 part(again, last, last + 1)) < 5 * rounding);
        const ch8::Tokens next = ch8::next_tokens(logits);
        for (std::size_t b = 0; b < batch; ++b) CHECK(next(b, 0) == ch8::next_tokens(again)(b, 0));
        chosen.insert(next.begin(), next.end());
        text = ch8::Tokens(xt::concatenate(xt::xtuple(text, next), 1));
        logits = model.run(model.embed(next), caches, text.shape(1) - 1).logits;
    }
    CHECK(chosen.size() > 3);  // not the same word again and again
}

TEST_CASE("chapter 8: the next token has the largest logit after the last token; of equal ones, the first") {
    const Tensor3 logits = {{{9.0f, 0.0f, 0.0f}, {0.0f, 1.0f, 2.0f}},
                            {{0.0f, 0.0f, 9.0f}, {-2.0f, -1.0f, -1.0f}}};
    const ch8::Tokens next = ch8::next_tokens(logits);
    REQUIRE(next.shape(0) == 2);
    REQUIRE(next.shape(1) == 1);
    CHECK(next(0, 0) == 2);
    CHECK(next(1, 0) == 1);
}

TEST_CASE("chapter 8: embed takes the rows of the tokens, and refuses words that do not exist") {
    const Matrix words = random_matrix(13, 4, 3);
    const Tensor3 h = ch8::embed(ch8::Tokens{{3, 0}, {1, 3}}, words);
    CHECK(exact(Vector(xt::view(h, 0, 0))) == exact(torch::select(words, 3)));
    CHECK(exact(Vector(xt::view(h, 1, 0))) == exact(torch::select(words, 1)));
    const std::int64_t wrong = GENERATE(as<std::int64_t>{}, 4, -1, std::numeric_limits<std::int64_t>::min(),
                                        std::numeric_limits<std::int64_t>::max());
    CHECK_THROWS_WITH(ch8::embed(ch8::Tokens{{3, 0}, {1, wrong}}, words),
                      fmt::format("tokens[1, 1] is {}, but the vocabulary has the words 0 to 3", wrong));
}

TEST_CASE("chapter 8: an image's vectors replace the tokens of the mask, and no others") {
    const Tensor3 h = random_batch(14, 2, 3, 5);
    ch8::Images images{random_batch(15, 2, 3, 4),
                       {{false, true, false}, {true, false, false}},
                       linear(random_matrix(16, 5, 4))};
    // What stands outside of the mask is not used, not even if it is no number.
    for (const auto& [b, t] :
         std::vector<std::pair<std::size_t, std::size_t>>{{0, 0}, {0, 2}, {1, 1}, {1, 2}}) {
        xt::view(images.embedding, b, t) = not_a_number;
    }
    const Tensor3 merged = ch8::merge_images(h, images),
                  projected = images.vision_projection(images.embedding);
    for (std::size_t b = 0; b < 2; ++b) {
        for (std::size_t t = 0; t < 3; ++t) {
            const Vector expected = images.mask(b, t) ? xt::view(projected, b, t) : xt::view(h, b, t);
            CHECK(exact(Vector(xt::view(merged, b, t))) == exact(expected));
        }
    }

    ch8::Images short_mask = images, narrow = images, few = images;
    short_mask.mask = {{false, true}, {true, false}};
    narrow.vision_projection.weight = random_matrix(17, 4, 4);
    few.embedding = random_batch(18, 1, 3, 4);
    for (const ch8::Images& wrong : {short_mask, narrow, few}) {
        CHECK_THROWS_AS(ch8::merge_images(h, wrong), std::invalid_argument);
    }
}

// --- sizes

TEST_CASE("chapter 8: a config that no model can have is refused by the name of the field") {
    const auto refusal = [](const std::function<void(ch8::Config&)>& change) -> std::string {
        ch8::Config config = small();
        change(config);
        try {
            ch8::check(config);
            return "";
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
    };
    using Config = ch8::Config;
    CHECK(refusal([](Config&) {}).empty());
    CHECK(refusal([](Config& config) { config.top_k = 6; }) == "top_k is 6, but a layer has only 5 experts");
    CHECK(refusal([](Config& config) { config.top_k = 0; }) == "top_k must be at least 1");
    CHECK(refusal([](Config& config) { config.num_experts = 0; }) == "num_experts must be at least 1");
    CHECK(refusal([](Config& config) { config.expert_dim = 0; }) == "expert_dim must be at least 1");
    CHECK(refusal([](Config& config) { config.hidden_dim = 0; }) == "hidden_dim must be at least 1");
    CHECK(refusal([](Config& config) { config.n_layers = 0; }) == "n_layers must be at least 1");
    CHECK(refusal([](Config& config) { config.vocab_size = 0; }) == "vocab_size must be at least 1");
    CHECK(refusal([](Config& config) { config.attention_chunk_size = 0; }) ==
          "attention_chunk_size must be at least 1");
    CHECK(has(refusal([](Config& config) { config.heads.head_dim = 3; }), "head_dim = 3 is not even"));
    CHECK(has(refusal([](Config& config) { config.heads.n_kv_heads = 4; }), "cannot share 4 key heads"));
    CHECK(has(refusal([](Config& config) { config.heads.dim = 0; }), "dim must be at least 1"));

    // What a model does not use may be anything.
    CHECK(refusal([](Config& config) {
              config.moe_layers = {};
              config.num_experts = config.top_k = config.expert_dim = 0;
          }).empty());
    CHECK(refusal([](Config& config) {
              config.moe_layers = {0, 1, 2, 3};
              config.hidden_dim = 0;
          }).empty());
    CHECK(refusal([](Config& config) {
              config.nope_layers = {0, 1, 2, 3};
              config.heads.head_dim = 3;
          }).empty());
}

TEST_CASE("chapter 8: parameters are counted as the weights have them") {
    const Model model;
    const auto size_of = [](const ch8::FeedForward& network) {
        return network.w1.weight.size() + network.w2.weight.size() + network.w3.weight.size();
    };
    std::size_t attention = 0, dense = 0, shared = 0, experts = 0, used = 0;
    for (const ch8::BlockWeights& layer : model.weights.layers) {
        attention += layer.attention_norm.size() + layer.ffn_norm.size();
        for (const ch2::Linear* linear :
             {&layer.attention.wq, &layer.attention.wk, &layer.attention.wv, &layer.attention.wo}) {
            attention += linear->weight.size();
        }
        if (const auto* network = std::get_if<ch8::FeedForward>(&layer.feed_forward)) {
            dense += size_of(*network);
            continue;
        }
        const auto& moe = std::get<ch8::MoeWeights>(layer.feed_forward);
        shared += moe.router.weight.size() + size_of(moe.shared_expert);
        for (const ch8::FeedForward& expert : moe.experts) experts += size_of(expert);
        used += model.config.top_k * size_of(moe.experts[0]);
    }
    const std::size_t words =
        model.weights.tok_embeddings.size() + model.weights.norm.size() + model.weights.output.weight.size();
    const ch8::Parameters count = ch8::count_parameters(model.config);
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    CHECK(count.attention == number(attention));
    CHECK(count.dense == number(dense));
    CHECK(count.shared == number(shared));
    CHECK(count.experts == number(experts));
    CHECK(count.used == number(used));
    CHECK(count.words == number(words));
    CHECK(count.held() == number(attention + dense + shared + experts + words));
    CHECK(count.active() == number(attention + dense + shared + used + words));
}
