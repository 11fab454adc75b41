// Chapter 6: positions as angles, then the complete attention of Llama. The notebook ends before this
// chapter. PyTorch prints the same tensors for torch.manual_seed(123), x = torch.randn(1, 3, 6), then wq, wk,
// wv, wo as nn.Linear without bias.
#include <fmt/format.h>

#include <numbers>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/05_grouped_query_attention/own_layer.hpp"
#include "chapters/06_rotary_position_embedding/attention.hpp"
#include "chapters/06_rotary_position_embedding/layouts.hpp"
#include "chapters/06_rotary_position_embedding/mistakes.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/06_rotary_position_embedding/scaling.hpp"
#include "chapters/06_rotary_position_embedding/walk_on_device.hpp"
#include "common/program/engine_options.hpp"
#include "common/program/walkthrough.hpp"
#include "common/torch/random.hpp"

namespace {

const Chapter chapter{
    .number = 6,
    .folder = "06_rotary_position_embedding",
    .title = "Rotary position embedding and Llama's attention",
    .letters =
        "B sequences in a batch, T new tokens, S tokens so far, P positions, H query heads, H_kv key and value "
        "heads, head_dim width of a head, dim width of an embedding",
    .takes = Takes::layer};

constexpr ch5::Config config{
    .dim = 6, .n_heads = 2, .n_kv_heads = 1, .head_dim = 4, .max_batch_size = 1, .max_seq_len = 5};
constexpr float theta = 10000.0f;

using Rows = std::vector<std::vector<std::string>>;

struct Setting {
    Tensor3 x;
    ch5::Weights weights;
    Tensor3 x_next;
    Vector freqs;
    ch6::ComplexMatrix table;
};

Setting draw_setting(Walkthrough& walk) {
    torch::Generator generator(walk.seed(123));
    Setting setting;
    setting.x = torch::view<3>(torch::randn(generator, 3, config.dim), {1, 3, config.dim});
    setting.weights = ch5::random_weights(generator, config);
    setting.x_next = torch::view<3>(torch::randn(generator, 1, config.dim), {1, 1, config.dim});
    setting.freqs = ch6::frequencies(config.head_dim, theta);
    setting.table = ch6::rotation_table(setting.freqs, config.max_seq_len);
    return setting;
}

// Neighbouring numbers as one complex number: torch.view_as_complex(xq.reshape(..., -1, 2)).
xt::xtensor<std::complex<float>, 4> as_complex(const Tensor4& x) {
    auto pairs =
        xt::xtensor<std::complex<float>, 4>::from_shape({x.shape(0), x.shape(1), x.shape(2), x.shape(3) / 2});
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs.data()[i] = {x.data()[2 * i], x.data()[2 * i + 1]};
    return pairs;
}

// The score of a query at position m and a key at position n, both (head_dim).
float score(const Vector& query, const Vector& key, const ch6::ComplexMatrix& table, std::size_t m,
            std::size_t n) {
    const Tensor4 q = xt::reshape_view(query, {std::size_t{1}, std::size_t{1}, std::size_t{1}, query.size()});
    const Tensor4 k = xt::reshape_view(key, {std::size_t{1}, std::size_t{1}, std::size_t{1}, key.size()});
    return xt::sum(ch6::rotate(q, table, m) * ch6::rotate(k, table, n))();
}

void angles(Walkthrough& walk, const Setting& setting) {
    walk.section("6.1", "A position is an angle");

    walk.step("One frequency for each pair of numbers",
              "Attention does not see the order of the tokens (chapter 1). RoPE splits each head into pairs "
              "of numbers and rotates every pair by the position times a frequency. The first pair rotates "
              "by one radian for each token, so it tells neighbours apart. The last pair hardly rotates, so "
              "it tells paragraphs apart.")
        .read("rope.cpp")
        .formula("θᵢ = theta^(-2i / head_dim)        theta = 10000")
        .show("freqs", setting.freqs, {"head_dim / 2"}, pytorch());

    walk.step("The table of rotations",
              "Multiplying by a complex number of length 1 rotates by its angle: torch.polar(1, m θᵢ) = "
              "cos(m θᵢ) + i sin(m θᵢ). Row m is for position m. Row 0 rotates nothing.")
        .read("rope.cpp")
        .formula("tableₘᵢ = cos(m θᵢ) + i sin(m θᵢ)")
        .show("freqs_complex", setting.table, {"P", "head_dim / 2"}, pytorch());
}

void turning(Walkthrough& walk, const Setting& setting, const ch6::Trace& trace) {
    walk.step("Rotate the queries and keys",
              "Each pair of neighbours (2i, 2i + 1) becomes one complex number, which is multiplied by the "
              "table's. The table has no axes for batch and heads. reshape_for_broadcast gives it the shape "
              "(1, T, 1, head_dim / 2), so it broadcasts: every head of a token is rotated by the same "
              "angles. The first token keeps its numbers.")
        .read("rope.cpp")
        .formula("(a + bi)(cos + i sin) = (a cos - b sin) + i (a sin + b cos)")
        .show("xq", trace.xq, {"B", "T", "H", "head_dim"}, pytorch())
        .show("xq_complex", as_complex(trace.xq), {"B", "T", "H", "head_dim / 2"}, pytorch())
        .show("xq_rotated", trace.attended.xq, {"B", "T", "H", "head_dim"}, pytorch())
        .show("xk_rotated", trace.attended.xk, {"B", "T", "H_kv", "head_dim"}, pytorch())
        .note(fmt::format(
            "The same with the 2 x 2 matrix (cos, -sin; sin, cos) for each pair: the largest difference "
            "is {:.1e}.",
            largest_difference(ch6::rotate_by_2x2(trace.xq, setting.table, 0), trace.attended.xq)));
}

void relative_positions(Walkthrough& walk, const ch6::Trace& trace) {
    const Vector query = torch::select(torch::select(torch::select(trace.xq, 0), 0), 0);
    const Vector key = torch::select(torch::select(torch::select(trace.xk, 0), 1), 0);
    const ch6::ComplexMatrix table = ch6::rotation_table(ch6::frequencies(config.head_dim, theta), 1100);

    Rows rows;
    const std::vector<std::pair<std::size_t, std::size_t>> places = {{3, 1}, {7, 5}, {1002, 1000},
                                                                     {3, 2}, {7, 6}, {1, 3}};
    for (const auto& [m, n] : places) {
        rows.push_back({fmt::format("{}", m), fmt::format("{}", n),
                        fmt::format("{}", static_cast<long>(m) - static_cast<long>(n)),
                        fmt::format("{:.4f}", score(query, key, table, m, n))});
    }
    walk.step("Only the distance counts",
              "Rotate the query by m and the key by n: their dot product is the same as if only the query "
              "were rotated, by m - n. The table shows one query and one key at several positions. The same "
              "offset always gives the same score. This is why queries and keys are rotated and values are "
              "not: the position decides the attention weights, and a rotated value would carry its "
              "position into the output.")
        .formula("(R(m) q) · (R(n) k) = (R(m - n) q) · k")
        .table({"query at", "key at", "offset", "score"}, rows);
}

void two_layouts(Walkthrough& walk, const Setting& setting, const ch6::Trace& trace) {
    // The same layer in Hugging Face's form: rows of wq and wk permuted, pairs (i, i + head_dim / 2).
    ch5::Weights half_split = setting.weights;
    half_split.wq.weight = ch6::to_half_split(setting.weights.wq.weight, config.n_heads);
    half_split.wk.weight = ch6::to_half_split(setting.weights.wk.weight, config.kv_heads());

    const auto output_of = [&](const ch5::Weights& weights) {
        ch5::Trace turned = ch5::project(setting.x, weights, config);
        turned.xq = ch6::rotate_half_split(turned.xq, setting.table, 0);
        turned.xk = ch6::rotate_half_split(turned.xk, setting.table, 0);
        ch5::KVCache cache(config);
        ch5::attend(turned, weights, config, cache, 0, ch5::future_mask(setting.x.shape(1), 0));
        return turned;
    };
    const ch5::Trace permuted = output_of(half_split), not_permuted = output_of(setting.weights);

    walk.section("6.2", "Two layouts, one RoPE");

    walk.step("Neighbours or halves",
              "Llama's own code pairs (0, 1), (2, 3). Hugging Face's rotate_half pairs (0, 2), (1, 3). "
              "Both are RoPE. If you permute the rows of wq and wk, weights for one layout work in the "
              "other, because a dot product does not depend on the order of its terms.")
        .read("layouts.cpp")
        .show("xq, half-split and rotated", permuted.xq, {"B", "T", "H", "head_dim"})
        .table({"compared with the interleaved layout", "largest difference of scores"},
               {{"half-split, weights permuted",
                 fmt::format("{:.1e}", largest_difference(permuted.attn_scores, trace.attended.attn_scores))},
                {"half-split, weights as they were",
                 fmt::format("{:.1e}",
                             largest_difference(not_permuted.attn_scores, trace.attended.attn_scores))}})
        .note(
            "Compare the diagonals of the two matrices below. They agree, because both layouts rotate a "
            "query and a key at the same position by the same angles. So a test with one token, or with "
            "position 0 alone, cannot see the mistake. A model with the wrong layout starts well and then "
            "writes nonsense.")
        .show("attn_scores, half-split without permuted weights", not_permuted.attn_scores,
              {"B", "H", "T", "S"})
        .show("attn_scores", trace.attended.attn_scores, {"B", "H", "T", "S"}, pytorch());
}

void four_scalings(Walkthrough& walk) {
    // A head of Llama 3's width, and the frequencies at both ends and between.
    constexpr std::size_t head_dim = 128;
    constexpr float llama3_theta = 500000.0f, factor = 8.0f;
    const Vector plain = ch6::frequencies(head_dim, llama3_theta);
    const Vector linear = ch6::linear_scaling(plain, factor);
    const Vector ntk = ch6::ntk_scaling(head_dim, llama3_theta, factor);
    const Vector llama3 = ch6::llama3_scaling(plain, {.factor = factor});
    const Vector yarn =
        ch6::yarn_scaling(plain, llama3_theta, {.factor = factor, .original_max_seq_len = 8192.0f});

    // "3.8e-02 k": the frequency, and the first letter of its region.
    const auto told = [&](const Vector& scaled, std::size_t i) {
        return fmt::format("{:.1e} {:.1}", scaled(i), ch6::region(plain(i), scaled(i), factor));
    };
    Rows rows;
    for (const std::size_t i : {std::size_t{0}, std::size_t{16}, std::size_t{28}, std::size_t{32},
                                std::size_t{36}, std::size_t{48}, std::size_t{63}}) {
        const float wavelength = 2.0f * std::numbers::pi_v<float> / plain(i);
        rows.push_back({fmt::format("{}", i), fmt::format("{:.1e}", wavelength),
                        fmt::format("{:.1e}", plain(i)), told(linear, i), told(ntk, i), told(llama3, i),
                        told(yarn, i)});
    }
    walk.section("6.3", "Longer texts than in training");

    walk.step("Four ways to extend RoPE",
              "In a longer text than in training, a model meets angles that it never saw. Linear scaling "
              "divides all frequencies by the factor, 8 here, which makes neighbours harder to tell apart. "
              "NTK-aware scaling raises theta. llama3 and YaRN keep the pairs that make many turns within "
              "the 8192 old positions, divide the pairs that do not finish one turn, and blend between. The "
              "table is for a head of 128 numbers with theta 500000. A wavelength is the number of tokens "
              "for one full turn.")
        .read("scaling.cpp")
        .table({"pair", "wavelength", "plain", "linear", "NTK-aware", "llama3", "YaRN"}, rows)
        .note("k = kept, b = blended, d = divided by 8.");
}

void whole_attention(Walkthrough& walk, const Setting& setting, const ch6::Trace& trace,
                     ch5::KVCache& cache) {
    walk.section("6.4", "The complete attention of Llama");

    walk.step("Grouped queries, rotary positions, a cache",
              "Project, split into heads, rotate queries and keys, write the rotated keys into the cache, "
              "repeat them for the query heads, attend. A key is rotated only once, by its own position.")
        .read("attention.cpp")
        .show("attn_weights", trace.attended.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .show("output", trace.attended.output, {"B", "T", "dim"}, pytorch());

    const ch6::Trace step = ch6::llama_attention(setting.x_next, setting.weights, config, setting.table,
                                                 cache, setting.x.shape(1));
    walk.step("Decode one token",
              "The fourth token is at position 3, so row 3 of the table rotates it. If this position is "
              "wrong by one, all its distances to other tokens are wrong by one.")
        .read("attention.cpp")
        .show("step.xq_rotated", step.attended.xq, {"B", "T", "H", "head_dim"}, pytorch())
        .show("step.attn_weights", step.attended.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .show("step.output", step.attended.output, {"B", "T", "dim"}, pytorch());

    // All four tokens, split in several ways.
    Tensor3 x = Tensor3::from_shape({1, 4, config.dim});
    xt::view(x, xt::all(), xt::range(0, 3), xt::all()) = setting.x;
    xt::view(x, xt::all(), xt::range(3, 4), xt::all()) = setting.x_next;
    const auto in_pieces = [&](const std::vector<std::size_t>& sizes) {
        ch5::KVCache fresh(config);
        return ch5::in_pieces(x, sizes, [&](const Tensor3& piece, std::size_t start_pos) {
            return ch6::llama_attention(piece, setting.weights, config, setting.table, fresh, start_pos)
                .attended.output;
        });
    };
    const Tensor3 prefill = in_pieces({4});
    walk.step("Prefill and decoding agree", "As in chapter 5, now with positions.")
        .table(
            {"pieces", "largest difference to 4 at once"},
            {{"3 + 1", fmt::format("{:.1e}", largest_difference(in_pieces({3, 1}), prefill))},
             {"1 + 3", fmt::format("{:.1e}", largest_difference(in_pieces({1, 3}), prefill))},
             {"1 + 1 + 1 + 1", fmt::format("{:.1e}", largest_difference(in_pieces({1, 1, 1, 1}), prefill))}});
}

// "theta 500000, scaled as llama3 says by factor 8"
std::string rotary_fields(const ModelConfig& model) {
    const std::string base = fmt::format("theta {}", model.rope_theta);
    if (!model.rope_scaling) return base + ", not scaled";
    return fmt::format("{}, scaled as {} says by factor {}", base, model.rope_scaling->type,
                       model.rope_scaling->factor);
}

// --config: the complete attention on your own layer, for both layouts of weights.
void own_layer(Walkthrough& walk, const DeviceChoice& choice, const FlashEngine& engine) {
    ch5::Layer layer = ch5::load_layer(walk, !engine.is_there());
    const ch5::Config& dimensions = layer.config;
    if (layer.half_split) {
        layer.weights.wq = ch6::to_interleaved(layer.weights.wq, dimensions.n_heads);
        layer.weights.wk = ch6::to_interleaved(layer.weights.wk, dimensions.kv_heads());
        layer.naming +=
            ". Their rows of queries and keys, stored for half-split pairs, were permuted to neighbours";
    }
    const Vector freqs = ch6::model_frequencies(layer.model, dimensions.head_dim);
    const double attention_factor =
        layer.model.rope_scaling ? layer.model.rope_scaling->attention_factor : 1.0;
    const ch6::ComplexMatrix table =
        ch6::rotation_table(freqs, layer.x.shape(1), static_cast<float>(attention_factor));

    if (!choice.is_cpu()) {
        ch5::refuse_bias_on_device(layer);
        const auto [x, x_next] = ch5::all_but_last(layer.x);
        return ch6::walk_on_device(walk, choice, x, x_next, layer.weights, dimensions, table);
    }
    const std::string positions = fmt::format("Rotary embeddings: {}.", rotary_fields(layer.model));
    ch5::walk_own_layer(
        walk, layer, positions, [&](const Tensor3& x, std::size_t start_pos, ch5::KVCache& cache) {
            const ch6::Trace trace = ch6::project_and_rotate(x, layer.weights, dimensions, table, start_pos);
            ch5::Piece piece = ch5::attend_to_piece(trace.attended, layer, cache, start_pos, engine);
            std::vector<Shown>& tensors = piece.tensors;
            tensors[0].name = "xq_rotated";
            tensors[1].name = "xk_rotated";
            tensors.insert(tensors.begin(), {{"xq", trace.xq, {"B", "T", "H", "head_dim"}, {}, {}},
                                             {"xk", trace.xk, {"B", "T", "H_kv", "head_dim"}, {}, {}}});
            return piece;
        });
}

}  // namespace

int main(int argc, char** argv) {
    DeviceChoice choice;
    EngineChoice engine;
    const auto tell = [&](Walkthrough& walk) {
        if (walk.own().any()) return own_layer(walk, choice, chosen_engine(6, engine, flash_engine()));
        const Setting setting = draw_setting(walk);
        if (!choice.is_cpu()) {
            return ch6::walk_on_device(walk, choice, setting.x, setting.x_next, setting.weights, config,
                                       setting.table);
        }
        ch5::KVCache cache(config);
        const ch6::Trace trace =
            ch6::llama_attention(setting.x, setting.weights, config, setting.table, cache, 0);

        angles(walk, setting);
        turning(walk, setting, trace);
        relative_positions(walk, trace);
        two_layouts(walk, setting, trace);
        four_scalings(walk);
        whole_attention(walk, setting, trace, cache);
    };
    return walk_through({.chapter = chapter,
                         .tell = tell,
                         .mistakes = ch6::mistakes,
                         .options = joined(device_options(6, choice), engine_options(6, engine))},
                        argc, argv);
}
