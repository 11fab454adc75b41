// Sections 7.3 to 7.6: position beside content, the naive form, the absorbed form, and what each costs.
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
    // RoPE turns pairs: the first pair of head 0, asked by the last token, with its two rows of W_UK.
    const std::size_t last = setting.x.shape(1) - 1;
    const Matrix head_0 = torch::select(w_uk(setting.weights, small_config), 0);
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

    walk.step(
            "The attempt: RoPE on the whole key",
            "Absorbing means: multiply W_UK into the query once, and meet the bare latents. With RoPE as in "
            "chapter 6, the turn R(n) of the key stands between the two, and it is another for every key. Head 0 "
            "with its first pair of numbers only, asked by token 2.")
        .read("rope_inside.cpp")
        .formula("(R(m) q) · (R(n) W_UK latentₙ) = (W_UKᵀ R(m - n) q) · latentₙ")
        .table({"key n", "score", "absorbed once", "absorbed anew for each key"}, rows)
        .note(
            "One absorbed query gives a wrong score for every key but that at position 0, which is not turned. "
            "What would be right is a query of its own for each key, below, and making those costs as much as "
            "making the keys.")
        .show("W_UKᵀ R(m - n) q, a row for each key n", inside.query_for_each_key, {"S", "c"});
}

void two_parts_heal(Walkthrough& walk, const Projections& made) {
    walk.step(
            "The cure: two parts",
            "Only q_pe and k_pe are turned, and they are never absorbed: they meet as they are. What is absorbed "
            "knows no position. A single k_pe serves all heads, so that it adds 64 numbers to the cache of "
            "DeepSeek-V3 and not 128 times 64.")
        .read("projections.cpp")
        .formula("score = q_nope · k_nope + q_pe · k_pe")
        .show("q_pe_rotated", made.q_pe_rotated, {"B", "T", "H", "rope"}, pytorch())
        .show("k_pe_rotated", made.k_pe_rotated, {"B", "T", "rope"}, pytorch());
}

void naive_form(Walkthrough& walk, const NaiveTrace& naive) {
    walk.section("7.4", "The naive form");

    walk.step(
            "Make keys and values of the latent",
            "Each head gets its own k_nope and v. Its key is k_nope with the shared k_pe behind it: look at the "
            "last two columns of k, which are the same for both heads of a token.")
        .read("naive.cpp")
        .formula("k_nope, v = kv_normed wkv_bᵀ        k = [k_nope, k_pe]")
        .show("k_nope", naive.k_nope, {"B", "T", "H", "nope"}, pytorch())
        .show("v", naive.v, {"B", "T", "H", "v"}, pytorch())
        .show("k", naive.k, {"B", "T", "H", "nope + rope"}, pytorch());

    walk.step(
            "Attend as in chapter 5",
            "Without sharing: as many key heads as query heads. The scores stand as (B, T, H, S), all heads of a "
            "token side by side, as DeepSeek's code has them; chapters 4 to 6 had the heads first. Keys and values "
            "are kept whole.")
        .read("naive.cpp")
        .formula("A = softmax(mask(q kᵀ) / √(nope + rope))")
        .formula("output = combine(A v) woᵀ")
        .show("naive.attn_scores", naive.attn_scores, {"B", "T", "H", "S"}, pytorch())
        .show("naive.masked", naive.masked, {"B", "T", "H", "S"}, pytorch())
        .show("naive.attn_weights", naive.attn_weights, {"B", "T", "H", "S"}, pytorch())
        .show("naive.head_context", naive.head_context, {"B", "T", "H", "v"}, pytorch())
        .show("output_naive", naive.output, {"B", "T", "dim"}, pytorch());
}

// A row of a table: a name, then numbers, then what they come to. As wide as the latent.
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
    const Vector latent = torch::select(torch::select(forms.absorbed.latents, 0), 0);
    const Vector by_key = q * key, by_query = q_absorbed * latent;
    const float key_sum = xt::sum(by_key)(), query_sum = xt::sum(by_query)();

    walk.section("7.5", "The absorbed form");

    walk.step(
            "The same product with other brackets",
            "A score is query times matrix times latent. Multiply from the right and there is a key, of nope "
            "numbers; from the left and there is an absorbed query, of c numbers. The sum is the same. But there "
            "is one query now and a latent for every token so far, so the left saves making, and keeping, all "
            "keys. Head 0, token 2 asks token 0:")
        .read("absorbed.cpp")
        .formula("q · (W_UK latent) = (q W_UK) · latent")
        .table({"", "1", "2", "3", "4", "5", "sum"},
               {numbers_row("q_nope", q, ""), numbers_row("W_UK latent", key, ""),
                numbers_row("product", by_key, fmt::format("{:.4f}", key_sum)),
                numbers_row("q_nope W_UK", q_absorbed, ""), numbers_row("latent", latent, ""),
                numbers_row("product", by_query, fmt::format("{:.4f}", query_sum))});
}

void absorbed_form(Walkthrough& walk, const AbsorbedTrace& absorbed) {
    walk.step(
            "Scores without keys",
            "All heads of all tokens meet the same latents: one product for a whole sequence. Content and position "
            "are scored apart and added.")
        .read("absorbed.cpp")
        .formula("attn_scores = (q_nope W_UK) latentsᵀ + q_pe k_peᵀ")
        .show("q_absorbed", absorbed.q_absorbed, {"B", "T", "H", "c"}, pytorch())
        .show("scores_nope", absorbed.scores_nope, {"B", "T", "H", "S"}, pytorch())
        .show("scores_pe", absorbed.scores_pe, {"B", "T", "H", "S"}, pytorch())
        .show("attn_scores", absorbed.attn_scores, {"B", "T", "H", "S"}, pytorch())
        .show("attn_weights", absorbed.attn_weights, {"B", "T", "H", "S"}, pytorch());

    walk.step(
            "Values without values",
            "The same on the way out: a weighted sum of values is the value of the weighted sum of latents. Mix "
            "latents first, then multiply the one mixture by W_UV.")
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
    walk.step(
            "Equal, step by step",
            "In exact arithmetic there would be no difference. In float32 the additions come in another order, and "
            "the last of seven digits may move.")
        .table({"tensor", "largest difference, naive to absorbed"},
               {{"attn_scores", told(largest_difference(naive.attn_scores, absorbed.attn_scores))},
                {"attn_weights", told(largest_difference(naive.attn_weights, absorbed.attn_weights))},
                {"head_context", told(largest_difference(naive.head_context, absorbed.head_context))},
                {"output", told(largest_difference(naive.output, absorbed.output))}});
}

void wrong_scale(Walkthrough& walk, const AbsorbedTrace& absorbed) {
    const auto wrong =
        1.0f / std::sqrt(static_cast<float>(small_config.kv_lora_rank + small_config.qk_rope_head_dim));
    walk.step(
            "The wrong width in the scale",
            "Absorbed queries have c + rope numbers, and it is tempting to divide by √(c + rope): √576 for √192 in "
            "DeepSeek-V3. All weights then become too equal. Shapes are right, nothing crashes, and the first "
            "token's row agrees, since a softmax over one key is 1 with any scale.")
        .show("attn_weights, scaled by 1/√(c + rope)", scaled_softmax(absorbed.masked, wrong),
              {"B", "T", "H", "S"});
}

void one_token_more(Walkthrough& walk, const Setting& setting, TwoForms& forms) {
    walk.step(
            "What was kept",
            "Three rows of latent and three of turned k_pe; positions 3 and 4 still hold zeros. The latent is kept "
            "after its norm, k_pe after its turn, so that neither is computed again.")
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
    walk.step(
            "One token more",
            "The fourth token stands at position 3. Its two absorbed queries, one a head, meet four latents.")
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
    walk.step("Prefill, chunks, token by token", "However the four tokens arrive, in either form.")
        .table({"pieces", "naive", "absorbed"}, rows)
        .note("Largest difference to the naive form with all four at once.");
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

    walk.step(
            "Work for one layer of DeepSeek-V3",
            "From queries and latents to the heads' context, for 4096 tokens at once and for one token after "
            "4095 others. Absorbed heads score 576 numbers and mix 512, where naive ones score 192 and mix 128: "
            "3.4 times the work. At prefill that is a loss. At decode the cache is read once for a single token, "
            "and reading takes longer than computing: there, 71 times fewer numbers are worth 3 times the work.")
        .read("ledger.cpp")
        .table({"4096 tokens at once", "FLOPs", "numbers read", "FLOPs a number"},
               {row("naive", naive_work(v3, context, context)),
                row("absorbed", absorbed_work(v3, context, context))})
        .table({"one token, 4095 kept", "FLOPs", "numbers read", "FLOPs a number"},
               {row("naive", naive_work(v3, 1, context)),
                row("latents kept, expanded again", expanding_work(v3, 1, context)),
                row("absorbed", absorbed_work(v3, 1, context))})
        .note(
            "So real servers prefill in the naive form and decode in the absorbed one, with the same cache of "
            "latents. The row between keeps latents but makes all keys of them at every step: a small cache, and "
            "hundreds of times the work. docs/performance.md has times that were measured.");
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
