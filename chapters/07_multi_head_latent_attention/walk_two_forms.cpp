// Sections 7.3 to 7.6: position beside content, the naive form, the absorbed form, and the cost of each.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "chapters/07_multi_head_latent_attention/ledger.hpp"
#include "chapters/07_multi_head_latent_attention/rope_inside.hpp"
#include "chapters/07_multi_head_latent_attention/scores.hpp"
#include "chapters/07_multi_head_latent_attention/walk.hpp"

namespace ch7 {
namespace {

// The numbers of one head of one token of the only sequence: x[0, token, head].
Vector head_of(const Tensor4& x, std::size_t token, std::size_t head) {
    return torch::select(torch::select(torch::select(x, 0), token), head);
}

void rope_inside_breaks(Walkthrough& walk, const Setting& setting, const Projections& made) {
    // RoPE rotates pairs: this takes the first pair of head 0, the query of the last token, and its two rows
    // of W_UK.
    const std::size_t last = setting.x.shape(1) - 1;
    const Matrix head_0 = torch::select<3>(w_uk(setting.weights, small_config), 0);
    const Matrix two_rows = torch::narrow(head_0, 0, 0, 2);
    const Vector pair = xt::view(head_of(made.q_nope, last, 0), xt::range(0, 2));
    const RopeInside inside =
        rope_inside(pair, two_rows, torch::select(made.kv_normed, 0), setting.positions.table, last);
    Rows rows;
    for (std::size_t n = 0; n < inside.scores.size(); ++n) {
        rows.push_back({fmt::format("{}", n), fmt::format("{:.4f}", inside.scores(n)),
                        fmt::format("{:.4f}", inside.absorbed(n)),
                        fmt::format("{:.4f}", inside.repaired(n))});
    }
    walk.section("7.3", "Position beside content, not inside");

    walk.step("The attempt: RoPE on the whole key",
              "Absorbing means: multiply W_UK into the query once, and then use the latents themselves as "
              "keys. With RoPE as in chapter 6, the rotation R(n) of the key stands between the two, and it "
              "differs for every key. The table shows the first pair of numbers of head 0, with token 2 as "
              "the query.")
        .read("rope_inside.cpp")
        .formula("(R(m) q) · (R(n) W_UK latentₙ) = (W_UKᵀ R(m - n) q) · latentₙ")
        .table({"key n", "score", "absorbed once", "absorbed anew for each key"}, rows)
        .note(
            "One absorbed query gives a wrong score for every key except key 0, whose position rotates "
            "nothing. The right scores need a separate query for each key (below). Computing these "
            "queries costs as much as computing the keys.")
        .show("W_UKᵀ R(m - n) q, a row for each key n", inside.query_for_each_key, {"S", "c"});
}

void two_parts_heal(Walkthrough& walk, const Projections& made) {
    walk.step("The solution: two parts",
              "Only q_pe and k_pe are rotated, and they are never absorbed: their dot product is computed "
              "directly. The absorbed part contains no position. A single k_pe serves all heads, so it adds "
              "64 numbers to DeepSeek-V3's cache instead of 128 times 64.")
        .read("projections.cpp")
        .formula("score = q_nope · k_nope + q_pe · k_pe")
        .show("q_pe_rotated", made.q_pe_rotated, {"B", "T", "H", "rope"}, pytorch())
        .show("k_pe_rotated", made.k_pe_rotated, {"B", "T", "rope"}, pytorch());
}

void naive_form(Walkthrough& walk, const NaiveTrace& naive) {
    walk.section("7.4", "The naive form");

    walk.step("Compute keys and values from the latent",
              "Each head gets its own k_nope and v. Its key is k_nope followed by the shared k_pe. Look at "
              "the last two columns of k: they are the same for both heads of a token.")
        .read("naive.cpp")
        .formula("k_nope, v = kv_normed wkv_bᵀ        k = [k_nope, k_pe]")
        .show("k_nope", naive.k_nope, {"B", "T", "H", "nope"}, pytorch())
        .show("v", naive.v, {"B", "T", "H", "v"}, pytorch())
        .show("k", naive.k, {"B", "T", "H", "nope + rope"}, pytorch());

    walk.step("Attend as in chapter 5",
              "Without sharing: there are as many key heads as query heads. The scores have the shape (B, "
              "T, H, S), all heads of a token side by side, as in DeepSeek's code. In chapters 4 to 6, the "
              "heads came first. The cache stores whole keys and values.")
        .read("naive.cpp")
        .formula("A = softmax(mask(q kᵀ) / √(nope + rope))")
        .formula("output = combine(A v) woᵀ")
        .show("naive.attn_scores", naive.attn_scores, {"B", "T", "H", "S"}, pytorch())
        .show("naive.masked", naive.masked, {"B", "T", "H", "S"}, pytorch())
        .show("naive.attn_weights", naive.attn_weights, {"B", "T", "H", "S"}, pytorch())
        .show("naive.head_context", naive.head_context, {"B", "T", "H", "v"}, pytorch())
        .show("output_naive", naive.output, {"B", "T", "dim"}, pytorch());
}

// A row of a table: a name, then numbers, then their sum. As wide as the latent.
std::vector<std::string> numbers_row(const std::string& name, const Vector& numbers, const std::string& sum) {
    std::vector<std::string> row = {name};
    for (const float number : numbers) row.push_back(fmt::format("{:.3f}", number));
    row.resize(1 + small_config.kv_lora_rank);
    row.push_back(sum);
    return row;
}

void other_brackets(Walkthrough& walk, const Setting& setting, const TwoForms& forms) {
    // The last token's query, the first token's key, head 0.
    const std::size_t last = setting.x.shape(1) - 1;
    const Vector q = head_of(forms.absorbed.made.q_nope, last, 0), key = head_of(forms.naive.k_nope, 0, 0);
    const Vector q_absorbed = head_of(forms.absorbed.q_absorbed, last, 0);
    const Vector latent = torch::select(torch::select(forms.absorbed.made.kv_normed, 0), 0);
    const Vector by_key = q * key, by_query = q_absorbed * latent;
    const float key_sum = xt::sum(by_key)(), query_sum = xt::sum(by_query)();

    walk.section("7.5", "The absorbed form");

    walk.step("The same product with other brackets",
              "A score is query times matrix times latent. If you multiply from the right, you get a key of "
              "nope numbers. If you multiply from the left, you get an absorbed query of c numbers. The sum "
              "is the same. But a step has one query and a latent for every token so far. So the left way "
              "never computes or caches any keys. The table shows head 0, the query of token 2, and the key "
              "of token 0:")
        .read("absorbed.cpp")
        .formula("q · (W_UK latent) = (q W_UK) · latent")
        .table({"", "1", "2", "3", "4", "5", "sum"},
               {numbers_row("q_nope", q, ""), numbers_row("W_UK latent", key, ""),
                numbers_row("product", by_key, fmt::format("{:.4f}", key_sum)),
                numbers_row("q_nope W_UK", q_absorbed, ""), numbers_row("latent", latent, ""),
                numbers_row("product", by_query, fmt::format("{:.4f}", query_sum))});
}

void absorbed_form(Walkthrough& walk, const AbsorbedTrace& absorbed) {
    walk.step("Scores without keys",
              "All heads of all tokens use the same latents, so one product serves a whole sequence. The "
              "scores for content and position are computed separately and added.")
        .read("absorbed.cpp")
        .formula("attn_scores = (q_nope W_UK) latentsᵀ + q_pe k_peᵀ")
        .show("q_absorbed", absorbed.q_absorbed, {"B", "T", "H", "c"}, pytorch())
        .show("scores_nope", absorbed.scores_nope, {"B", "T", "H", "S"}, pytorch())
        .show("scores_pe", absorbed.scores_pe, {"B", "T", "H", "S"}, pytorch())
        .show("attn_scores", absorbed.attn_scores, {"B", "T", "H", "S"}, pytorch())
        .show("attn_weights", absorbed.attn_weights, {"B", "T", "H", "S"}, pytorch());

    walk.step("Context without values",
              "The output works the same way: a weighted sum of values equals W_UV times the weighted sum "
              "of latents. So compute the weighted sum of latents first, and then multiply once by W_UV.")
        .read("absorbed.cpp")
        .formula("A (latents W_UVᵀ) = (A latents) W_UVᵀ")
        .show("context_latent", absorbed.context_latent, {"B", "T", "H", "c"}, pytorch())
        .show("head_context", absorbed.head_context, {"B", "T", "H", "v"}, pytorch())
        .show("output", absorbed.output, {"B", "T", "dim"}, pytorch());
}

std::string told(float difference) {
    return fmt::format("{:.1e}", difference);
}

void they_agree(Walkthrough& walk, const TwoForms& forms) {
    const NaiveTrace& naive = forms.naive;
    const AbsorbedTrace& absorbed = forms.absorbed;
    walk.step("Both forms agree, step by step",
              "In exact arithmetic, there would be no difference. In float32, the two forms add in another "
              "order, so the last of seven digits may differ.")
        .table({"tensor", "largest difference, naive to absorbed"},
               {{"attn_scores", told(largest_difference(naive.attn_scores, absorbed.attn_scores))},
                {"attn_weights", told(largest_difference(naive.attn_weights, absorbed.attn_weights))},
                {"head_context", told(largest_difference(naive.head_context, absorbed.head_context))},
                {"output", told(largest_difference(naive.output, absorbed.output))}});
}

void wrong_scale(Walkthrough& walk, const AbsorbedTrace& absorbed) {
    const auto wrong =
        1.0f / std::sqrt(static_cast<float>(small_config.kv_lora_rank + small_config.qk_rope_head_dim));
    walk.step("The wrong width in the scale",
              "Absorbed queries have c + rope numbers, so it is tempting to divide by √(c + rope): in "
              "DeepSeek-V3, by √576 instead of √192. Then all weights become too equal. The shapes are "
              "right and nothing crashes. The first token's row even agrees, because a softmax over one key "
              "is 1 with any scale.")
        .show("attn_weights, scaled by 1/√(c + rope)", scaled_softmax(absorbed.masked, wrong),
              {"B", "T", "H", "S"});
}

void one_token_more(Walkthrough& walk, const Setting& setting, TwoForms& forms) {
    walk.step("What the cache contains",
              "Three rows of latents and three of rotated k_pe. Positions 3 and 4 still contain zeros. The "
              "cache stores the latent after its norm and k_pe after its rotation, so neither is computed "
              "again.")
        .read("caches.hpp")
        .show("kv_cache[:1]", forms.latent_cache.kv_cache.all(), {"B", "max_seq", "c"}, pytorch())
        .show("pe_cache[:1]", forms.latent_cache.pe_cache.all(), {"B", "max_seq", "rope"}, pytorch())
        .note(fmt::format("Counted from the buffers: {} numbers for each token, {} in the naive caches.",
                          forms.latent_cache.per_token(), forms.naive_cache.per_token()));

    const std::size_t start_pos = setting.x.shape(1);
    const AbsorbedTrace step = absorbed_attention(setting.x_next, setting.weights, small_config,
                                                  setting.positions, forms.latent_cache, start_pos);
    const NaiveTrace naive = naive_attention(setting.x_next, setting.weights, small_config, setting.positions,
                                             forms.naive_cache, start_pos);
    walk.step("One more token",
              "The fourth token is at position 3. Its two absorbed queries, one for each head, attend to "
              "four latents.")
        .read("absorbed.cpp")
        .show("step.q_absorbed", step.q_absorbed, {"B", "T", "H", "c"}, pytorch())
        .show("step.attn_weights", step.attn_weights, {"B", "T", "H", "S"}, pytorch())
        .show("step.output", step.output, {"B", "T", "dim"}, pytorch())
        .show("step.output_naive", naive.output, {"B", "T", "dim"}, pytorch());
}

void pieces_agree(Walkthrough& walk, const Setting& setting) {
    const Tensor3 x = xt::concatenate(xt::xtuple(setting.x, setting.x_next), 1);
    const auto naive = [&](const std::vector<std::size_t>& sizes) {
        NaiveCache cache(small_config);
        return ch5::in_pieces(x, sizes, [&](const Tensor3& piece, std::size_t start_pos) {
            return naive_attention(piece, setting.weights, small_config, setting.positions, cache, start_pos)
                .output;
        });
    };
    const auto absorbed = [&](const std::vector<std::size_t>& sizes) {
        LatentCache cache(small_config);
        return ch5::in_pieces(x, sizes, [&](const Tensor3& piece, std::size_t start_pos) {
            return absorbed_attention(piece, setting.weights, small_config, setting.positions, cache,
                                      start_pos)
                .output;
        });
    };
    const Tensor3 prefill = naive({4});
    Rows rows;
    const std::vector<std::vector<std::size_t>> ways = {{4}, {3, 1}, {2, 2}, {1, 1, 1, 1}};
    for (const std::vector<std::size_t>& sizes : ways) {
        rows.push_back({fmt::format("{}", fmt::join(sizes, " + ")),
                        told(largest_difference(naive(sizes), prefill)),
                        told(largest_difference(absorbed(sizes), prefill))});
    }
    walk.step("Prefill, chunks, token by token",
              "Every way to split the four tokens gives the same result, in both forms.")
        .table({"pieces", "naive", "absorbed"}, rows)
        .note("Largest difference from the naive form with all four tokens at once.");
}

void when_it_pays(Walkthrough& walk) {
    const Config& v3 = deepseek_v3;
    constexpr std::size_t context = 4096;
    const auto row = [](const char* name, const Work& work) {
        return std::vector<std::string>{name, fmt::format("{:.1e}", work.flops),
                                        fmt::format("{:.1e}", work.numbers_read),
                                        fmt::format("{:.0f}", work.flops / work.numbers_read)};
    };
    walk.section("7.6", "When absorbing pays");

    walk.step("Work for one layer of DeepSeek-V3",
              "The work from queries and latents to the heads' context, for 4096 tokens at once and for one "
              "token after 4095 others. An absorbed head uses 576 numbers for a score and 512 for the "
              "weighted sum; a naive head uses 192 and 128. So absorbing computes 3.4 times as much. At "
              "prefill, this is a loss. At decode, the model reads the cache for a single token, and "
              "reading takes longer than computing. There it pays to compute 3 times as much and read 71 "
              "times fewer numbers.")
        .read("ledger.cpp")
        .table({"4096 tokens at once", "FLOPs", "numbers read", "FLOPs per number"},
               {row("naive", naive_work(v3, context, context)),
                row("absorbed", absorbed_work(v3, context, context))})
        .table({"one token, 4095 cached", "FLOPs", "numbers read", "FLOPs per number"},
               {row("naive", naive_work(v3, 1, context)),
                row("latents cached, expanded again", expanding_work(v3, 1, context)),
                row("absorbed", absorbed_work(v3, 1, context))})
        .note(
            "So real servers prefill in the naive form and decode in the absorbed form, with the same "
            "cache of latents. The middle row caches latents, but computes all keys from them at every "
            "step: it has a small cache, but hundreds of times the work. docs/performance.md has measured "
            "times.");
}

}  // namespace

void walk_two_forms(Walkthrough& walk, const Setting& setting, TwoForms& forms) {
    rope_inside_breaks(walk, setting, forms.absorbed.made);
    two_parts_heal(walk, forms.absorbed.made);
    naive_form(walk, forms.naive);
    other_brackets(walk, setting, forms);
    absorbed_form(walk, forms.absorbed);
    they_agree(walk, forms);
    wrong_scale(walk, forms.absorbed);
    one_token_more(walk, setting, forms);
    pieces_agree(walk, setting);
    when_it_pays(walk);
}

}  // namespace ch7
