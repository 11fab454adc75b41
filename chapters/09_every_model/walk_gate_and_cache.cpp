// Sections 9.7 and 9.8: the output gate, and what each kind of cache stores.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "chapters/09_every_model/output_gate.hpp"
#include "chapters/09_every_model/published_caches.hpp"
#include "chapters/09_every_model/stages.hpp"
#include "chapters/09_every_model/walk.hpp"

namespace ch9 {
namespace {

float largest_in(const Tensor3& x) {
    const Tensor3 zeros = xt::zeros_like(x);
    return largest_difference(x, zeros);
}

void the_output_gate(Walkthrough& walk, const Setting& setting, const Variants& all) {
    walk.section("9.7", "After the softmax");

    const Trace trace = run(all.gated, setting.x);
    Rows rows;
    for (const float lower : {0.0f, 2.0f, 4.0f, 8.0f}) {
        const Tensor4 gate = trace.gate - lower;
        rows.push_back({fmt::format("{}", lower), fmt::format("{:.4f}", largest_in(trace.combined)),
                        fmt::format("{:.4f}", largest_in(open_gate(trace.combined, gate)))});
    }
    walk.step(
            "The output gate",
            "Qwen3-Next lets each token decide how much of each head's result it wants. The query projection is "
            "twice as wide: for each head a query, then a gate. The context is multiplied by sigmoid(gate) before "
            "the output projection. Without a gate a context is a weighted mean of values, which no weights can "
            "make small. The gate can: the table lowers all gates and shows the largest number of the context. A token that "
            "needs no key closes its gate, and no first token has to serve as a sink.")
        .read("output_gate.cpp")
        .formula("output = (context ⊙ sigmoid(gate)) Woᵀ")
        .show("gated.gate", trace.gate, {"B", "T", "H", "head_dim"}, pytorch())
        .show("gated.output", trace.output, {"B", "T", "dim"}, pytorch())
        .table({"gates lowered by", "without the gate", "with it"}, rows);
}

// Which position each row of the buffer has: a cache of keys that are their positions.
std::string rows_of(const Cache& cache) {
    std::vector<std::string> positions;
    const std::size_t used = std::min(cache.rows(), cache.tokens());
    for (std::size_t row = 0; row < used; ++row) {
        positions.push_back(fmt::format("{}", cache.buffer().cache_k()(0, row, 0, 0)));
    }
    return fmt::format("{}", fmt::join(positions, " "));
}

void a_ring(Walkthrough& walk, const Setting& setting, const Variants& all) {
    walk.section("9.8", "The cache");

    const Recipe& recipe = all.window.recipe;
    const std::size_t old = setting.x.shape(1);
    Cache positions(recipe, 1, old + 1);
    Rows rows;
    for (std::size_t t = 0; t <= old; ++t) {
        Tensor4 key = Tensor4::from_shape({1, 1, recipe.n_kv_heads, recipe.head_dim});
        key.fill(static_cast<float>(t));
        positions.write(t, key, key);
        rows.push_back({fmt::format("{}", t), rows_of(positions), fmt::format("{}", positions.tokens())});
    }

    // The seventh token, with a ring of three rows.
    Cache ring(recipe, 1, old + 1);
    attention(setting.x, all.window.weights, recipe, ring, 0);
    Cache wrong_ring = ring;
    const Trace step = attention(setting.x_next, all.window.weights, recipe, ring, old);

    // The whole text at once, and with the mistake: the position is the number of rows.
    Tensor3 text = Tensor3::from_shape({1, old + 1, recipe.dim});
    xt::view(text, xt::all(), xt::range(std::size_t{0}, old)) = setting.x;
    xt::view(text, xt::all(), old) = xt::view(setting.x_next, xt::all(), 0);
    Cache fresh(recipe, 1, old + 1);
    const Tensor3 at_once = attention(text, all.window.weights, recipe, fresh, 0).output,
                  last = torch::narrow(at_once, 1, old, 1);
    Stages mistaken;
    mistaken.position = [](std::size_t, std::size_t in_cache) { return in_cache; };
    const Trace lost = attention_with(mistaken, setting.x_next, all.window, wrong_ring, old);

    walk.step(
            "A ring of rows",
            "A layer with a window of w needs w rows, however long the text is. Token p has row p mod w and replaces "
            "the token that had it before. Its position is counted apart from the rows. The seventh word has "
            "position 6 and is the seventh token, although the cache has three rows. A known bug takes the number "
            "of rows for the position once old rows are replaced: the new key and query are rotated as if the text had "
            "just begun.")
        .read("cache.cpp")
        .formula("row = position mod w")
        .table({"token at", "positions in the rows", "tokens so far"}, rows)
        .show("step.attn_weights", step.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .show("step.output", step.output, {"B", "T", "dim"}, pytorch())
        .note(fmt::format(
            "Compared with all seven tokens at once: {}. With the number of rows as the position: {}.",
            told(largest_difference(step.output, last)), told(largest_difference(lost.output, last))));
}

void bytes_of_caches(Walkthrough& walk) {
    constexpr std::size_t few = 64, many = 32768;
    constexpr double mib = 1024.0 * 1024.0, bytes_of_float = 4.0, bytes_of_bf16 = 2.0;
    const double first = static_cast<double>(bytes_of(published_caches().front(), many));
    Rows rows;
    bool agree = true;
    for (const PublishedCache& cache : published_caches()) {
        const double bytes = static_cast<double>(bytes_of(cache, many));
        agree = agree && counted_bytes(cache, few) == bytes_of(cache, few);
        rows.push_back({cache.model, cache.kind, fmt::format("{}", counted_bytes(cache, few)),
                        fmt::format("{:.0f}", bytes / mib * bytes_of_bf16 / bytes_of_float),
                        fmt::format("{:.1f}%", 100.0 * bytes / first)});
    }
    walk.step(
            "What a text of 32768 tokens costs",
            "The sum over all layers of one text. The bytes for 64 tokens are counted in buffers that were "
            "allocated, in float32. At 32768 tokens they are computed: bytes of a row times rows. The MiB are "
            "for 16-bit numbers, which models store. Sharing heads, bounding the rows and storing a latent are three "
            "ways to the same end, and the first two combine.")
        .read("published_caches.cpp")
        .table({"model", "kind", "bytes at 64", "MiB at 32768", "share"}, rows)
        .note(agree ? "The formula gives the counted bytes for all of them."
                    : "The formula does not give the counted bytes.");
}

}  // namespace

void walk_gate_and_cache(Walkthrough& walk, const Setting& setting, const Variants& all) {
    the_output_gate(walk, setting, all);
    a_ring(walk, setting, all);
    bytes_of_caches(walk);
}

}  // namespace ch9
