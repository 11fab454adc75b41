// Sections 7.1 and 7.2: what the cache stores of a token, and the projections to it.
#include <fmt/format.h>

#include "chapters/07_multi_head_latent_attention/ledger.hpp"
#include "chapters/07_multi_head_latent_attention/walk.hpp"

namespace ch7 {
namespace {

void what_is_kept(Walkthrough& walk) {
    constexpr std::size_t layers = 61, bytes_of_bf16 = 2;
    Rows rows;
    for (const Kept& kept : cache_ledger(deepseek_v3)) {
        rows.push_back(
            {kept.attention, fmt::format("{}", kept.per_token),
             fmt::format("{:.1f}", static_cast<double>(kept.per_token * layers * bytes_of_bf16) / 1024)});
    }
    walk.step("What the cache stores of a token",
              "Chapter 5 shared key heads, so the cache stores fewer keys. DeepSeek's cache stores "
              "something else: a latent of 512 numbers, from which the model can compute the keys and "
              "values of all 128 heads, and 64 numbers for the position. The table counts numbers in real "
              "buffers at DeepSeek-V3's sizes, for one token. The last column is for 61 layers of 16-bit "
              "numbers.")
        .read("ledger.cpp")
        .table({"attention", "numbers in a layer", "KiB, 61 layers"}, rows)
        .note(
            "The last two rows have the same weights and the same result. Code that calls itself MLA but "
            "caches whole keys and values is the row before the last. It stores more than plain "
            "multi-head attention would. The latent and k_pe are stored only once, not once for keys and "
            "once for values.");
}

void the_dimensions(Walkthrough& walk) {
    const Config &here = small_config, &there = deepseek_v3;
    const auto row = [](const char* name, std::size_t small, std::size_t large, const char* meaning) {
        return std::vector<std::string>{name, fmt::format("{}", small), fmt::format("{}", large), meaning};
    };
    const auto absorbed_width = [](const Config& config) {
        return config.kv_lora_rank + config.qk_rope_head_dim;
    };
    walk.step("The dimensions",
              "Keys and values have different widths here, and a key has two parts. In both forms, the "
              "softmax scale uses the width of the whole key, 128 + 64 = 192. Absorbing changes the order "
              "of the products, not their result, so 512 + 64 = 576 is never in the scale. dim / n_heads = "
              "56 is not in it either.")
        .read("config.hpp")
        .table(
            {"field", "here", "V3", "width of"},
            {row("dim", here.dim, there.dim, "an embedding"),
             row("n_heads (H)", here.n_heads, there.n_heads, "(number of heads)"),
             row("q_lora_rank", here.q_lora_rank, there.q_lora_rank, "the queries' latent"),
             row("kv_lora_rank (c)", here.kv_lora_rank, there.kv_lora_rank, "the cached latent"),
             row("qk_nope_head_dim (nope)", here.qk_nope_head_dim, there.qk_nope_head_dim, "a key's content"),
             row("qk_rope_head_dim (rope)", here.qk_rope_head_dim, there.qk_rope_head_dim,
                 "a key's position"),
             row("v_head_dim (v)", here.v_head_dim, there.v_head_dim, "a value"),
             row("nope + rope", here.qk_head_dim(), there.qk_head_dim(), "a key: 1/√192 is the scale"),
             row("c + rope", absorbed_width(here), absorbed_width(there), "the cached row")});
}

void the_queries(Walkthrough& walk, const Setting& setting, const Projections& made) {
    walk.section("7.2", "Down to a latent and up again");

    walk.step("Queries through a latent",
              "Two small matrices replace a large one: the first projects down to q_lora_rank numbers, the "
              "second up to all heads. Between them, RMSNorm divides each token's numbers by their root "
              "mean square. The model computes its queries this way at every step, not only in training.")
        .read("projections.cpp")
        .formula("q = norm(x wq_aᵀ) wq_bᵀ        norm(y) = y / √(mean(y²) + eps) ⊙ weight")
        .show("x", setting.x, {"B", "T", "dim"}, pytorch())
        .show("q_latent", made.q_latent, {"B", "T", "q_rank"}, pytorch())
        .show("q_normed", made.q_normed, {"B", "T", "q_rank"}, pytorch())
        .show("q", made.q, {"B", "T", "H", "nope + rope"}, pytorch());

    walk.step("A query has two parts", "The first part is for content, the second for position.")
        .show("q_nope", made.q_nope, {"B", "T", "H", "nope"}, pytorch())
        .show("q_pe", made.q_pe, {"B", "T", "H", "rope"}, pytorch());

    const Tensor4 direct = torch::view<4>(
        setting.wq(setting.x), {1, setting.x.shape(1), small_config.n_heads, small_config.qk_head_dim()});
    walk.step("Or without a latent",
              "With q_lora_rank = 0 there is one matrix wq, as in earlier chapters. DeepSeek-V2-Lite uses "
              "this. All later steps are the same for both.")
        .read("projections.cpp")
        .formula("q = x wqᵀ")
        .show("q_direct", direct, {"B", "T", "H", "nope + rope"}, pytorch());
}

void the_latent(Walkthrough& walk, const Setting& setting, const Projections& made) {
    walk.step("One latent for all keys and values",
              "wkv_a computes two things from a token: the latent, which is then normed, and k_pe, one "
              "position part for all heads. One product gives both, before there are any heads. Queries are "
              "split into content and position after they have been split into heads, because each head has "
              "its own q_pe.")
        .read("projections.cpp")
        .formula("kv_latent, k_pe = x wkv_aᵀ        kv_normed = norm(kv_latent)")
        .show("kv_latent", made.kv_latent, {"B", "T", "c"}, pytorch())
        .show("k_pe", made.k_pe, {"B", "T", "rope"}, pytorch())
        .show("kv_normed", made.kv_normed, {"B", "T", "c"}, pytorch());

    walk.step("The projection up",
              "For each head, wkv_b has nope rows that compute the head's key from the latent, and then v "
              "rows that compute its value. They are called W_UK and W_UV: U for up, K for keys and V for "
              "values.")
        .read("projections.cpp")
        .formula("kₕ = W_UKₕ latent        vₕ = W_UVₕ latent")
        .show("w_uk", Tensor3(w_uk(setting.weights, small_config)), {"H", "nope", "c"}, pytorch())
        .show("w_uv", Tensor3(w_uv(setting.weights, small_config)), {"H", "v", "c"}, pytorch());
}

void the_parameters(Walkthrough& walk) {
    // The sizes of the matrices, and of single matrices that would do the same.
    const Config& v3 = deepseek_v3;
    const std::size_t q_rows = v3.n_heads * v3.qk_head_dim();
    const std::size_t kv_rows = v3.n_heads * (v3.qk_nope_head_dim + v3.v_head_dim);
    const std::size_t q_low = v3.q_lora_rank * (v3.dim + q_rows), q_full = q_rows * v3.dim;
    const std::size_t kv_low = (v3.kv_lora_rank + v3.qk_rope_head_dim) * v3.dim + kv_rows * v3.kv_lora_rank;
    const std::size_t kv_full = (kv_rows + v3.qk_rope_head_dim) * v3.dim;
    const auto millions = [](std::size_t number) {
        return fmt::format("{:.1f}", static_cast<double>(number) / 1e6);
    };
    const auto ratio = [](std::size_t full, std::size_t low) {
        return fmt::format("{:.1f}", static_cast<double>(full) / static_cast<double>(low));
    };
    walk.step("Parameters",
              "With two small matrices, all information must pass through the narrow latent. That is the "
              "price. The gain is fewer parameters: the table counts millions of parameters in a layer of "
              "DeepSeek-V3's size.")
        .table({"", "two matrices", "one matrix", "ratio"},
               {{"queries", millions(q_low), millions(q_full), ratio(q_full, q_low)},
                {"keys and values", millions(kv_low), millions(kv_full), ratio(kv_full, kv_low)}});
}

}  // namespace

void walk_cache_and_projections(Walkthrough& walk, const Setting& setting, const TwoForms& forms) {
    walk.section("7.1", "A smaller cache for each token");
    what_is_kept(walk);
    the_dimensions(walk);
    the_queries(walk, setting, forms.absorbed.made);
    the_latent(walk, setting, forms.absorbed.made);
    the_parameters(walk);
}

}  // namespace ch7
