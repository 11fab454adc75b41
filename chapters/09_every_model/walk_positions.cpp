// Section 9.6: what the position does, from a rotated part of each head to a bias by distance.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "chapters/06_rotary_position_embedding/rope.hpp"
#include "chapters/09_every_model/alibi.hpp"
#include "chapters/09_every_model/distance_bias.hpp"
#include "chapters/09_every_model/rotary.hpp"
#include "chapters/09_every_model/walk.hpp"

namespace ch9 {
namespace {

void a_part_of_each_head(Walkthrough& walk, const Setting& setting, const Variants& all) {
    walk.section("9.6", "Positions");

    // Two earlier tokens swapped.
    Tensor3 swapped = setting.x;
    xt::view(swapped, xt::all(), 1) = xt::view(setting.x, xt::all(), 3);
    xt::view(swapped, xt::all(), 3) = xt::view(setting.x, xt::all(), 1);
    const auto row = [&](const char* positions, const char* used_by, const Variant& variant) {
        const Tensor3 before = run(variant, setting.x).output, after = run(variant, swapped).output;
        const auto change = [&](std::size_t token) {
            return told(largest_difference(Tensor3(torch::narrow(before, 1, token, 1)),
                                           Tensor3(torch::narrow(after, 1, token, 1))));
        };
        return std::vector<std::string>{positions, used_by, change(2), change(5)};
    };
    Variant rotated = all.plain;
    rotated.recipe.rope = small_rope();
    walk.step(
            "A rotated part of each head",
            "GPT-NeoX, StableLM, GLM and Phi rotate only the first numbers of each head, here 2 of 4. The "
            "others compare contents at any distance. A layer without any position (NoPE, as in SmolLM3 and Llama 4) "
            "still knows one thing, from the causal mask: what comes before. The table swaps the earlier words "
            "\"journey\" and \"with\". The last word sees both, before and after. The word \"starts\" stands "
            "between them and sees only the first of the two.")
        .read("rotary.cpp")
        .show("partial.q_rotated", run(all.partial, setting.x).q_rotated, {"B", "T", "H", "head_dim"},
              pytorch())
        .table({"positions", "used by", "\"starts\" changes by", "\"step\" changes by"},
               {row("RoPE", "Llama", rotated), row("RoPE on a part", "GPT-NeoX", all.partial),
                row("none, causal", "every fourth layer of SmolLM3", all.plain),
                row("none, both ways", "BERT without its embedding of positions", all.both_ways),
                row("ALiBi", "BLOOM", all.alibi), row("bias by distance", "T5", all.distance)});
}

// A query and a key that agree: the score that RoPE leaves at a distance, over the score at distance 0.
float rope_score(const Vector& freqs, double distance) {
    double sum = 0.0;
    for (const float frequency : freqs) sum += std::cos(distance * static_cast<double>(frequency));
    return static_cast<float>(sum / static_cast<double>(freqs.size()));
}

// Pairs that meet an angle of which training showed nothing: they make less than a turn within the trained
// length.
std::size_t pairs_at_new_angles(const Vector& freqs, double trained, double distance) {
    std::size_t count = 0;
    for (const float frequency : freqs) {
        const bool less_than_a_turn = trained * static_cast<double>(frequency) < 2.0 * std::numbers::pi;
        count += less_than_a_turn && distance > trained ? 1 : 0;
    }
    return count;
}

void linear_biases(Walkthrough& walk, const Setting& setting, const Variants& all) {
    const Trace trace = run(all.alibi, setting.x);
    walk.step(
            "ALiBi",
            "BLOOM and MPT rotate nothing. A score loses a fixed amount for each token between query and key, and "
            "each head has another slope. The slopes are a geometric series: with 8 heads 1/2, 1/4, ... 1/256. A "
            "head with a large slope sees its neighbours, a head with a small one sees far.")
        .read("alibi.cpp")
        .formula("biasedᵢⱼ = scoreᵢⱼ + slope · (j - i)        slope = 2^(-8 (h + 1) / H)")
        .show("slopes", alibi_slopes(2), {"H"}, pytorch())
        .show("alibi.biased", trace.biased, {"B", "H", "T", "S"}, pytorch());

    const Vector freqs = ch6::frequencies(64, 10000.0f);
    const Vector slopes = alibi_slopes(8);
    constexpr double trained = 1024;
    Rows rows;
    for (const double distance : {0.0, 1.0, 16.0, 256.0, 1024.0, 2048.0, 8192.0}) {
        const auto weight = [&](std::size_t head) {
            return fmt::format("{:.1e}", std::exp(-static_cast<double>(slopes(head)) * distance));
        };
        rows.push_back({fmt::format("{}", distance), fmt::format("{:.3f}", rope_score(freqs, distance)),
                        fmt::format("{} of {}", pairs_at_new_angles(freqs, trained, distance), freqs.size()),
                        weight(0), weight(7)});
    }
    walk.step(
            "Beyond the trained length",
            "A model was trained on 1024 tokens and reads more. With RoPE, the slow pairs of a head never "
            "finished a turn in training. Beyond 1024 they meet angles that no training text contained, and the "
            "scores there are whatever the weights make of them. With ALiBi nothing new happens: a far key counts "
            "less than a near one, at 8192 tokens as at 10. The price is that a far key cannot count "
            "much. The table has a head of 64 numbers whose query and key are equal. RoPE's score is relative to "
            "distance 0, and ALiBi's columns are the factors of exp(score) for 8 heads.")
        .read("alibi.hpp")
        .table({"distance", "RoPE: score", "pairs at new angles", "ALiBi, head 0", "ALiBi, head 7"}, rows);
}

void biases_by_distance(Walkthrough& walk, const Setting& setting, const Variants& all) {
    const Trace trace = run(all.distance, setting.x);
    const DistanceBias t5;
    Rows rows;
    for (const std::size_t distance :
         {0UL, 1UL, 2UL, 7UL, 8UL, 11UL, 15UL, 16UL, 32UL, 64UL, 127UL, 1000UL}) {
        rows.push_back({fmt::format("{}", distance),
                        fmt::format("{}", distance_bucket(distance, 0, t5, false)),
                        fmt::format("{}", distance_bucket(distance, 0, t5, true)),
                        fmt::format("{}", distance_bucket(0, distance, t5, true))});
    }
    walk.step(
            "A learned bias for each distance",
            "T5 learns the bias. Near distances have a number each. Far ones share a bucket, and the buckets grow "
            "with the logarithm. An encoder uses half of the buckets for later keys. All layers share the table of "
            "layer 0, and the scores are not divided by anything. The walk has 8 buckets; the table shows the 32 of "
            "T5.")
        .read("distance_bias.cpp")
        .formula("biasedᵢⱼ = qᵢ · kⱼ + table(bucket(j - i), head)")
        .show("distance.biased", trace.biased, {"B", "H", "T", "S"}, pytorch())
        .table({"distance", "decoder: earlier key", "encoder: earlier key", "encoder: later key"}, rows);
}

void length_decides(Walkthrough& walk, const Setting& setting, const Variants& all) {
    constexpr std::size_t rotary_dim = 16, original = 4096;
    RopeFields plain, dynamic, longrope;
    dynamic.scaling = RopeScaling{.type = "dynamic", .factor = 2.0, .original_max_seq_len = original};
    longrope.scaling = RopeScaling{.type = "longrope", .factor = 8.0, .original_max_seq_len = original};
    longrope.short_factor = {1, 1, 1, 1, 1, 1.1, 1.2, 1.3};
    longrope.long_factor = {1, 1, 1.2, 2, 4, 8, 16, 32};

    const auto ratio = [&](const RopeFields& fields, std::size_t tokens, std::size_t pair) {
        const float scaled = frequencies(fields, rotary_dim, tokens)(pair);
        return fmt::format("{:.3f}", frequencies(plain, rotary_dim, tokens)(pair) / scaled);
    };
    Rows rows;
    for (const std::size_t pair : {0UL, 1UL, 2UL, 4UL, 6UL, 7UL}) {
        rows.push_back({fmt::format("{}", pair), ratio(dynamic, 4096, pair), ratio(dynamic, 8192, pair),
                        ratio(dynamic, 32768, pair), ratio(longrope, 4096, pair),
                        ratio(longrope, 4097, pair)});
    }
    walk.step(
            "Frequencies that depend on the length",
            "Chapter 6 has four scalings that are fixed. Two more ask how long the text is. Dynamic NTK raises theta "
            "as soon as the text is longer than in training: the longer, the slower the last pairs. longrope has two "
            "lists of divisors, found by search, and takes the long list beyond the original length. The table "
            "shows by how much each frequency is divided, for 8 pairs, 4096 original tokens, and two example lists.")
        .read("rotary.cpp")
        .formula("theta′ = theta · (factor · T / original - (factor - 1))^(d / (d - 2))")
        .table({"pair", "dynamic, 4096", "8192", "32768", "longrope, 4096", "4097"}, rows);

    // A text whose length crosses the border while it is decoded.
    RopeFields crossing;
    crossing.scaling = RopeScaling{.type = "dynamic", .factor = 2.0, .original_max_seq_len = 4};
    const auto last_output = [&](bool length_so_far) {
        Variant variant = all.plain;
        variant.recipe.rope = small_rope();
        Cache cache(variant.recipe, 1, setting.x.shape(1));
        Tensor3 output;
        for (std::size_t t = 0; t < setting.x.shape(1); ++t) {
            variant.recipe.rope->freqs = frequencies(crossing, 4, length_so_far ? t + 1 : setting.x.shape(1));
            output = attention(Tensor3(torch::narrow(setting.x, 1, t, 1)), variant.weights, variant.recipe,
                               cache, t)
                         .output;
        }
        return output;
    };
    walk.step(
            "Which length, if the text grows?",
            "A cache stores rotated keys. If the frequencies follow the length so far, an old key was rotated by "
            "other frequencies than the new query, and their angle is no function of the distance. This program "
            "takes the length of the whole text for all of its keys, so prefill and decoding agree. The note "
            "compares both for the last word, with an original length of 4.")
        .read("rotary.hpp")
        .note(fmt::format("The whole length or the length so far: the last output differs by {}.",
                          told(largest_difference(last_output(false), last_output(true)))));
}

void attention_factors(Walkthrough& walk, const Setting& setting, const Variants& all) {
    Rows rows;
    for (const double factor : {2.0, 4.0, 8.0, 32.0}) {
        const double yarn = 0.1 * std::log(factor) + 1.0,
                     longrope = std::sqrt(1.0 + std::log(factor) / std::log(4096.0));
        rows.push_back({fmt::format("{}", factor), fmt::format("{:.4f}", yarn),
                        fmt::format("{:.4f}", yarn * yarn), fmt::format("{:.4f}", longrope),
                        fmt::format("{:.4f}", longrope * longrope)});
    }
    Variant rotated = all.stretched;
    rotated.recipe.rope->attention_factor = 1.0f;
    const Trace trace = run(all.stretched, setting.x);
    walk.step(
            "The attention factor",
            "YaRN and longrope also multiply cos and sin by a factor above 1. Queries and keys both get it, so "
            "scores get its square, and the softmax over a long text becomes sharper. Here the text is longer than the "
            "original 4 tokens, and the factor is √2.")
        .read("rotary.cpp")
        .formula("YaRN: 0.1 ln(factor) + 1        longrope: √(1 + ln(factor) / ln(original))")
        .show("stretched.attn_scores", trace.attn_scores, {"B", "H", "T", "S"}, pytorch())
        .table({"longer by", "YaRN", "scores", "longrope, 4096", "scores"}, rows)
        .note(fmt::format("Without it the first score would be {:.4f}, not {:.4f}.",
                          run(rotated, setting.x).attn_scores(0, 0, 0, 0), trace.attn_scores(0, 0, 0, 0)));
}

}  // namespace

void walk_positions(Walkthrough& walk, const Setting& setting, const Variants& all) {
    a_part_of_each_head(walk, setting, all);
    linear_biases(walk, setting, all);
    biases_by_distance(walk, setting, all);
    length_decides(walk, setting, all);
    attention_factors(walk, setting, all);
}

}  // namespace ch9
