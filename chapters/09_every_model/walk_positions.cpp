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
    Variant rotated = all.plain, encoder = all.plain;
    rotated.recipe.rope = small_rope();
    encoder.recipe.mask.causal = false;
    walk.step(
            "A rotated part of each head",
            "GPT-NeoX, StableLM, GLM and Phi rotate only the first numbers of each head, here 2 of 4. The others "
            "compare contents at any distance. A layer without any position (NoPE, as in SmolLM3 and Llama 4) "
            "still knows one thing, from the causal mask: what comes before. The table swaps the earlier words "
            "\"journey\" and \"with\". The last word sees both, before and after. The word \"starts\" stands "
            "between them and sees only the first of the two.")
        .read("rotary.cpp")
        .show("partial.q_rotated", run(all.partial, setting.x).q_rotated, {"B", "T", "H", "head_dim"},
              pytorch())
        .table({"positions", "used by", "\"starts\" changes", "\"step\" changes"},
               {row("RoPE", "Llama", rotated), row("RoPE on a part", "GPT-NeoX", all.partial),
                row("none, causal", "SmolLM3", all.plain), row("none, both ways", "no model", encoder),
                row("ALiBi", "BLOOM", all.alibi), row("bias by distance", "T5", all.distance)})
        .note("With T5's bias the last word does not notice the swap here. Step 18 says why.");
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
        .show("slopes", alibi_slopes(all.alibi.recipe.n_heads), {"H"}, pytorch())
        .show("alibi.biased", trace.biased, {"B", "H", "T", "S"}, pytorch());
}

void beyond_the_trained_length(Walkthrough& walk) {
    const Vector freqs = ch6::frequencies(64, 10000.0f);
    const Vector slopes = alibi_slopes(8);
    constexpr double trained = 1024;
    Rows rows;
    for (const double distance : {0.0, 1.0, 16.0, 256.0, 1024.0, 2048.0, 8192.0}) {
        const auto taken = [&](std::size_t head) {
            return fmt::format("{:.2f}", static_cast<double>(slopes(head)) * distance);
        };
        rows.push_back({fmt::format("{}", distance), fmt::format("{:.3f}", rope_score(freqs, distance)),
                        fmt::format("{} of {}", pairs_at_new_angles(freqs, trained, distance), freqs.size()),
                        taken(0), taken(7)});
    }
    walk.step(
            "Beyond the trained length",
            "A model was trained on 1024 tokens and reads more. With RoPE, the slow pairs of a head did not "
            "finish a turn in training. Beyond 1024 they meet angles that no training text contained, and the "
            "scores there are whatever the weights make of them. With ALiBi nothing new happens: a far key "
            "counts less than a near one, at 8192 tokens as at 10. The price is that a far key cannot count "
            "much. The table has a head of 64 numbers whose query and key are equal. RoPE's score is relative "
            "to distance 0. ALiBi's columns are what heads 0 and 7 of 8 take from a score.")
        .read("alibi.hpp")
        .table({"distance", "RoPE: score", "pairs at new angles", "ALiBi 0 takes", "ALiBi 7 takes"}, rows);
}

void biases_by_distance(Walkthrough& walk, const Setting& setting, const Variants& all) {
    const Trace trace = run(all.distance, setting.x);
    const DistanceBias t5, &here = *all.distance.recipe.distance_bias;
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
            "with the logarithm. An encoder uses half of the buckets for later keys. All layers share the table "
            "of layer 0, and the scores are not divided by anything. The walk has 8 buckets; the table shows the "
            "32 of T5.")
        .read("distance_bias.cpp")
        .formula("biasedᵢⱼ = qᵢ · kⱼ + table(bucket(j - i), head)")
        .show("distance.biased", trace.biased, {"B", "H", "T", "S"}, pytorch())
        .table({"distance", "decoder: earlier", "encoder: earlier", "encoder: later"}, rows)
        .note(fmt::format(
            "With the 8 buckets here, the distances 2 and 4 have the buckets {} and {}. So in step 15 "
            "the last word could not tell \"journey\" from \"with\".",
            distance_bucket(5, 3, here, true), distance_bucket(5, 1, here, true)));
}

void length_decides(Walkthrough& walk) {
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
        .formula("theta ← theta · (factor · T / original - (factor - 1))^(d / (d - 2))")
        .table({"pair", "dynamic, 4096", "8192", "32768", "longrope, 4096", "4097"}, rows);
}

// The angle between a query and a key for one pair, if each was rotated when the text had the given length.
double angle_between(const RopeFields& fields, std::size_t pair, std::size_t query, std::size_t query_length,
                     std::size_t key, std::size_t key_length) {
    constexpr std::size_t rotary_dim = 16;
    const auto angle = [&](std::size_t position, std::size_t length) {
        return static_cast<double>(position) *
               static_cast<double>(frequencies(fields, rotary_dim, length)(pair));
    };
    return angle(query, query_length) - angle(key, key_length);
}

void which_length(Walkthrough& walk) {
    RopeFields dynamic;
    dynamic.scaling = RopeScaling{.type = "dynamic", .factor = 2.0, .original_max_seq_len = 4096};
    constexpr std::size_t length = 16384, query = length - 1, pair = 4;
    Rows rows;
    for (const std::size_t key : {0UL, 4095UL, 8191UL, 12287UL, 14335UL}) {
        rows.push_back({fmt::format("{}", key), fmt::format("{}", query - key),
                        fmt::format("{:.2f}", angle_between(dynamic, pair, query, length, key, length)),
                        fmt::format("{:.2f}", angle_between(dynamic, pair, query, length, key, key + 1))});
    }
    walk.step(
            "Which length, if the text grows?",
            "A cache stores rotated keys. If the frequencies follow the length so far, an old key was rotated by "
            "other frequencies than the new query, and the angle between them is no function of their distance. "
            "This program takes the length of the whole text for all of its keys, so prefill and decoding agree. "
            "The table has a query at position 16383 and the angles of one pair in radians, for a model that was "
            "trained with 4096 tokens.")
        .read("rotary.hpp")
        .table({"key at", "distance", "whole length", "length so far"}, rows);
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
    Variant without = all.stretched;
    without.recipe.rope->attention_factor = 1.0f;
    const Trace trace = run(all.stretched, setting.x);
    walk.step(
            "The attention factor",
            "YaRN and longrope also multiply cos and sin by a factor above 1. Queries and keys both get it, so "
            "scores get its square, and the softmax over a long text becomes sharper. s is how many times longer "
            "the text may be. Here s is 4 and the original length 4, so the factor is √2.")
        .read("rotary.cpp")
        .formula("YaRN: 0.1 ln(s) + 1        longrope: √(1 + ln(s) / ln(original))")
        .show("stretched.attn_scores", trace.attn_scores, {"B", "H", "T", "S"}, pytorch())
        .table({"s", "YaRN", "scores", "longrope, 4096", "scores"}, rows)
        .note(fmt::format("Without it the first score would be {:.4f}, not {:.4f}.",
                          run(without, setting.x).attn_scores(0, 0, 0, 0), trace.attn_scores(0, 0, 0, 0)));
}

}  // namespace

void walk_positions(Walkthrough& walk, const Setting& setting, const Variants& all) {
    a_part_of_each_head(walk, setting, all);
    linear_biases(walk, setting, all);
    beyond_the_trained_length(walk);
    biases_by_distance(walk, setting, all);
    length_decides(walk);
    which_length(walk);
    attention_factors(walk, setting, all);
}

}  // namespace ch9
