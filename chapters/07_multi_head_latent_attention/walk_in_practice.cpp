// Sections 7.7 to 7.9: longer texts than in training, weights in 8 bits, heads on several devices.
#include <fmt/format.h>

#include <algorithm>
#include <numbers>

#include "chapters/07_multi_head_latent_attention/scores.hpp"
#include "chapters/07_multi_head_latent_attention/tensor_parallel.hpp"
#include "chapters/07_multi_head_latent_attention/walk.hpp"
#include "chapters/07_multi_head_latent_attention/weight_dequant.hpp"

namespace ch7 {
namespace {

void longer_texts(Walkthrough& walk) {
    // DeepSeek-V3: trained on 4096 positions, extended 40 times.
    constexpr float theta = 10000.0f;
    constexpr double trained = 4096, stretched = 40 * trained;
    const Vector plain = frequencies(deepseek_v3, theta, std::nullopt);
    const Vector yarn = frequencies(deepseek_v3, theta, Yarn{});
    const auto turns = [](float frequency, double positions) {
        return fmt::format("{:.2f}", static_cast<double>(frequency) * positions / (2.0 * std::numbers::pi));
    };
    Rows rows;
    for (const std::size_t i : {std::size_t{0}, std::size_t{8}, std::size_t{12}, std::size_t{16},
                                std::size_t{20}, std::size_t{24}, std::size_t{31}}) {
        rows.push_back({fmt::format("{}", i), ch6::region(plain(i), yarn(i), 40.0f), turns(plain(i), trained),
                        turns(plain(i), stretched), turns(yarn(i), stretched)});
    }
    walk.section("7.7", "Longer texts than in training: YaRN");

    walk.step("Angles that the model never saw",
              "DeepSeek-V3 was trained on 4096 positions, and its config extends them 40 times. Chapter 6's "
              "YaRN keeps the pairs that make many turns, because the model has seen all their angles. It "
              "divides the frequency of pairs that never finished a turn by 40, so at position 163840 they "
              "have the angle that they had at 4096. This affects only q_pe and k_pe.")
        .read("yarn.cpp")
        .table({"pair", "is", "turns at 4096", "at 163840, plain", "at 163840, YaRN"}, rows);
}

void sharper_softmax(Walkthrough& walk, const TwoForms& forms) {
    const float plain = softmax_scale(small_config, std::nullopt), yarn = softmax_scale(small_config, Yarn{});
    const Tensor4 sharpened = scaled_softmax(forms.absorbed.masked, yarn);
    const auto row = [](const char* name, float without, float with) {
        return std::vector<std::string>{name, fmt::format("{:.4f}", without), fmt::format("{:.4f}", with),
                                        fmt::format("{:.4f}", with / without)};
    };
    walk.step("A sharper softmax",
              "With more keys, every attention weight becomes smaller. So YaRN also multiplies the scores "
              "by (0.1 mscale ln 40 + 1)²: one factor for the query and one for the key. DeepSeek puts this "
              "factor into the softmax scale and leaves cosines and sines unchanged. It applies YaRN only "
              "if max_seq_len is over the 4096 positions of training.")
        .read("yarn.cpp")
        .formula("softmax_scale = (0.1 mscale ln(factor) + 1)² / √(nope + rope)")
        .table({"softmax scale", "plain", "YaRN", "ratio"},
               {row("here, 1/√5", plain, yarn),
                row("DeepSeek-V3, 1/√192", softmax_scale(deepseek_v3, std::nullopt),
                    softmax_scale(deepseek_v3, Yarn{}))})
        .note(
            "On the scores of this chapter, it makes large weights larger. A test with only the first "
            "token sees nothing, because its single weight is always 1.")
        .show("attn_weights, sharpened", sharpened, {"B", "T", "H", "S"});
}

// The layer with all its matrices converted to FP8 and back.
Weights in_eight_bits(Weights weights, std::size_t block_size) {
    for (ch2::Linear* linear : {&weights.wq_a, &weights.wq_b, &weights.wkv_a, &weights.wkv_b, &weights.wo}) {
        const QuantizedWeight quantized = weight_quant(linear->weight, block_size);
        linear->weight = weight_dequant(quantized.values, quantized.scale_inv, block_size);
    }
    return weights;
}

// The same weight with its first number multiplied by a million.
Matrix with_outlier(Matrix weight) {
    weight(0, 0) *= 1e6f;
    return weight;
}

// Counts the numbers that FP8 changes by more than a tenth.
std::size_t off_by_a_tenth(const Matrix& weight, std::size_t block_size) {
    const QuantizedWeight quantized = weight_quant(weight, block_size);
    const Matrix back = weight_dequant(quantized.values, quantized.scale_inv, block_size);
    const Matrix relative = xt::abs(back - weight) / xt::abs(weight);
    return static_cast<std::size_t>(
        std::count_if(relative.begin(), relative.end(), [](float error) { return error > 0.1f; }));
}

void eight_bit_weights(Walkthrough& walk, const Setting& setting, const TwoForms& forms) {
    constexpr std::size_t block_size = 4;
    const Matrix& weight = setting.weights.wkv_a.weight;
    const QuantizedWeight quantized = weight_quant(weight, block_size);
    walk.section("7.8", "Weights in eight bits");

    walk.step("A scale for each block",
              "DeepSeek-V3's checkpoint stores its matrices as FP8 (E4M3): one sign bit, four bits of "
              "exponent, three of fraction, for numbers from 2⁻⁹ to 448. So few bits need a scale. With one "
              "scale for a whole matrix, its largest number would decide the scale for all others. So there "
              "is one scale for each block of 128 x 128. Here wkv_a has blocks of 4 x 4, and the last "
              "blocks are smaller. The names are those of the checkpoint; you multiply by weight_scale_inv.")
        .read("weight_dequant.cpp")
        .formula("scale = max |w| / 448        q = E4M3(w / scale)        w ≈ q scale")
        .show("wkv_a.weight", weight, {"c + rope", "dim"}, pytorch())
        .show("quantized", quantized.values, {"c + rope", "dim"}, pytorch())
        .show("weight_scale_inv", quantized.scale_inv, {"blocks", "blocks"}, pytorch())
        .note(fmt::format(
            "With more digits: {:.3e} and {:.3e} in the first row, {:.3e} and {:.3e} in the second.",
            quantized.scale_inv(0, 0), quantized.scale_inv(0, 1), quantized.scale_inv(1, 0),
            quantized.scale_inv(1, 1)))
        .show("dequantized", weight_dequant(quantized.values, quantized.scale_inv, block_size),
              {"c + rope", "dim"}, pytorch());

    Rows rows;
    for (const std::size_t size : {std::size_t{1}, std::size_t{4}, std::size_t{128}}) {
        const Weights weights = in_eight_bits(setting.weights, size);
        LatentCache cache(small_config);
        const Tensor3 output =
            absorbed_attention(setting.x, weights, small_config, setting.positions, cache, 0).output;
        rows.push_back({fmt::format("{0} x {0}", size),
                        fmt::format("{:.1e}", largest_difference(weights.wkv_a.weight, weight)),
                        fmt::format("{:.1e}", largest_difference(output, forms.absorbed.output)),
                        fmt::format("{} of {}", off_by_a_tenth(with_outlier(weight), size), weight.size())});
    }
    walk.step("The error of FP8",
              "Three bits of fraction leave an error of up to 1/16 of a number. In the output, errors add "
              "up and partly cancel. As long as all numbers have a similar size, small blocks gain little. "
              "But if one number is a million times as large, it decides the scale of its block, and all "
              "others in the block round to almost nothing. The last column counts them. The products are "
              "computed in float32, with dequantized weights.")
        .read("weight_dequant.cpp")
        .table({"blocks", "error in wkv_a", "in the output", "outlier: off by over 1/10"}, rows);
}

void several_devices(Walkthrough& walk, const Setting& setting, const TwoForms& forms, const Ranks& ranks) {
    const std::size_t world_size = ranks.world_size();
    const Config local = local_config(small_config, world_size);
    Rows rows;
    for (std::size_t rank = 0; rank < world_size; ++rank) {
        const Weights part = shard(setting.weights, small_config, rank, world_size);
        const auto shape = [](const ch2::Linear& linear) {
            return fmt::format("({}, {})", linear.weight.shape(0), linear.weight.shape(1));
        };
        const std::size_t first = rank * local.n_heads, last = first + local.n_heads - 1;
        rows.push_back({fmt::format("{}", rank),
                        local.n_heads == 1 ? fmt::format("{}", first) : fmt::format("{} to {}", first, last),
                        shape(part.wq_b), shape(part.wkv_b), shape(part.wo)});
    }
    walk.section("7.9", "Heads on several devices");

    walk.step("Each rank has some of the heads",
              fmt::format(
                  "If a layer is too large for one device, it is split among ranks. wq_b and wkv_b are "
                  "split between heads, so no rank needs the results of another. This splits rows of the "
                  "stored weight, which are columns of the product (column-parallel). wo is split along "
                  "its input (row-parallel). Every rank has the whole wq_a, wkv_a and norms. It also has "
                  "the whole latent cache, because each head needs all of it. World size {}.",
                  world_size))
        .read("tensor_parallel.cpp")
        .table({"rank", "heads", "wq_b", "wkv_b", "wo"}, rows);

    // Every rank runs absorbed_attention, unchanged, on its own part.
    const AllReduced reduced = all_reduce(ranks, [&](std::size_t rank) {
        LatentCache cache(local);
        const Weights part = shard(setting.weights, small_config, rank, world_size);
        return absorbed_attention(setting.x, part, local, setting.positions, cache, 0).output;
    });
    Step& step =
        walk.step("All-reduce: one sum",
                  "The output is a sum over all heads, and each rank computes the part of its own heads. "
                  "The all-reduce adds these parts and gives the sum to every rank. Ranks communicate "
                  "only here.");
    step.read("tensor_parallel.cpp").formula("output = Σ head_contextᵣ woᵣᵀ  over the ranks r");
    for (std::size_t rank = 0; rank < world_size; ++rank) {
        const std::string name = fmt::format("rank{}.partial", rank);
        const bool printed_by_pytorch = world_size == 2;
        step.show(name, reduced.partials[rank], {"B", "T", "dim"},
                  printed_by_pytorch ? std::optional<Cell>(pytorch()) : std::nullopt);
    }
    step.show("all_reduced", reduced.output, {"B", "T", "dim"});
    step.note(fmt::format("Largest difference from one device: {:.1e}.",
                          largest_difference(reduced.output, forms.absorbed.output)));
}

}  // namespace

void walk_in_practice(Walkthrough& walk, const Setting& setting, const TwoForms& forms, const Ranks& ranks) {
    longer_texts(walk);
    sharper_softmax(walk, forms);
    eight_bit_weights(walk, setting, forms);
    several_devices(walk, setting, forms, ranks);
}

}  // namespace ch7
