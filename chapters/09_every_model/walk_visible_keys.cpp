// Section 9.5: which keys a query sees.
#include <fmt/format.h>

#include "chapters/09_every_model/mask.hpp"
#include "chapters/09_every_model/reach.hpp"
#include "chapters/09_every_model/walk.hpp"

namespace ch9 {
namespace {

// 1 where a query sees a key.
Matrix seen(const Mask& mask, std::size_t tokens) {
    const ch3::MaskMatrix hidden = hidden_keys(mask, tokens, 0, tokens, 0);
    const Matrix visible = xt::where(hidden, 0.0f, 1.0f);
    return visible;
}

void the_window(Walkthrough& walk, const Setting& setting, const Variants& all) {
    walk.section("9.5", "Which keys a query sees");

    const Trace trace = run(all.window, setting.x);
    walk.step(
            "A sliding window",
            "A window of w has w keys, and the query's own key is one of them. So the keys i - w + 1 to i are "
            "visible. The cost of a token does not grow with the text any more, and neither does the cache. Mistral "
            "has a window in every layer, Gemma and gpt-oss only in some layers.")
        .read("mask.cpp")
        .formula("j ≤ i and j > i - w")
        .side_by_side({"Causal", seen(all.plain.recipe.mask, words().size()), words()},
                      {"Window of 3", seen(all.window.recipe.mask, words().size()), words()})
        .show("window.attn_weights", trace.attn_weights, {"B", "H", "T", "S"}, pytorch());
}

void what_reaches_how_far(Walkthrough& walk) {
    constexpr std::size_t query = 71;  // the last of its chunk
    const Mask full, window{.causal = true, .window = 4, .chunk = {}},
        chunk{.causal = true, .window = {}, .chunk = 4};
    // How many tokens back the last layer's query depends on.
    const auto back = [](std::size_t at, const std::vector<Mask>& layers) {
        return fmt::format("{}", at - earliest_reached(layers, at));
    };
    Rows rows;
    for (const std::size_t n : {1UL, 2UL, 3UL, 4UL, 6UL, 8UL}) {
        // Gemma 3: every sixth layer is full. Gemma 2: every second one.
        std::vector<Mask> of_window(n, window), of_chunk(n, chunk), every_second(n, window),
            every_sixth(n, window);
        for (std::size_t layer = 1; layer < n; layer += 2) every_second[layer] = full;
        for (std::size_t layer = 5; layer < n; layer += 6) every_sixth[layer] = full;
        rows.push_back({fmt::format("{}", n), back(query, of_window), back(query, of_chunk),
                        back(query, every_second), back(query, every_sixth)});
    }
    const Mask of_mistral{.causal = true, .window = 4096, .chunk = {}};
    const std::size_t far = 1000000;
    walk.step(
            "What reaches how far",
            "A key that the window hides may still count: its token has changed the tokens between, in the layers "
            "below. After n layers with a window of w, a token depends on n (w - 1) earlier tokens. A chunk has "
            "no such path: what is outside stays outside. One full layer sees everything. The table counts, from "
            "the masks, how many tokens back a token at position 71 depends on. w and the chunk are 4, and position 71 is the last of its chunk.")
        .read("reach.cpp")
        .table({"layers", "windows", "chunks", "every second full", "every sixth full"}, rows)
        .note(fmt::format("32 layers with a window of 4096, as in Mistral 7B v0.1: {} tokens back.",
                          back(far, std::vector<Mask>(32, of_mistral))));
}

void both_ways_and_padding(Walkthrough& walk, const Setting& setting, const Variants& all) {
    const Trace trace = run(all.both_ways, setting.x);
    const auto head_0 = [](const Trace& of) { return torch::select(torch::select(of.attn_weights, 0), 0); };
    walk.step(
            "Both ways, and padding",
            "An encoder such as BERT reads a whole text and looks both ways: there is no causal mask, and no cache "
            "either, because a new token would change all others. Short texts of a batch are filled with "
            "padding. Its keys are masked for every query. Here the last word is padding: its column is 0. "
            "Its row is computed too, and nobody reads it.")
        .read("mask.cpp")
        .show("both_ways.attn_weights", trace.attn_weights, {"B", "H", "T", "S"}, pytorch())
        .side_by_side({"Causal, head 0", head_0(run(all.plain, setting.x)), words()},
                      {"Both ways, head 0", head_0(trace), words()});
}

}  // namespace

void walk_visible_keys(Walkthrough& walk, const Setting& setting, const Variants& all) {
    the_window(walk, setting, all);
    what_reaches_how_far(walk);
    both_ways_and_padding(walk, setting, all);
}

}  // namespace ch9
