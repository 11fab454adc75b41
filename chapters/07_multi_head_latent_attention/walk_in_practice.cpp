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
    // DeepSeek-V3: trained on 4096 positions, stretched 40 times.
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
    walk.section("7.7", "Longer than in training: YaRN");

    walk.step(
            "Angles that were never seen",
            "DeepSeek-V3 learned on 4096 positions, and its config stretches them by 40. Chapter 6's YaRN keeps "
            "pairs that turn often, whose angles have all been seen, and slows those that never finished a turn "
            "by 40, so that at position 163840 they stand where they stood at 4096. Only q_pe and k_pe are "
            "concerned.")
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
    walk.step(
            "A sharper softmax",
            "Among more keys every weight gets smaller, so YaRN also multiplies the scores: by (0.1 mscale ln 40 + "
            "1)², once for the query and once for the key. DeepSeek puts it into the softmax scale and leaves "
            "cosines and sines alone, and applies both only where max_seq_len is over the 4096 of training.")
        .read("yarn.cpp")
        .formula("softmax_scale = (0.1 mscale ln(factor) + 1)² / √(nope + rope)")
        .table({"softmax scale", "plain", "YaRN", "ratio"},
               {row("here, 1/√5", plain, yarn),
                row("DeepSeek-V3, 1/√192", softmax_scale(deepseek_v3, std::nullopt),
                    softmax_scale(deepseek_v3, Yarn{}))})
        .note(
            "On the scores of this chapter it makes large weights larger. A test at the first token sees nothing: "
            "its row is 1 in any case.")
        .show("attn_weights, sharpened", sharpened, {"B", "T", "H", "S"});
}

// The layer with all its matrices through FP8 and back.
Weights in_eight_bits(Weights weights, std::size_t block_size) {
    for (ch2::Linear* linear : {&weights.wq_a, &weights.wq_b, &weights.wkv_a, &weights.wkv_b, &weights.wo}) {
        const QuantizedWeight quantized = weight_quant(linear->weight, block_size);
        linear->weight = weight_dequant(quantized.values, quantized.scale_inv, block_size);
    }
    return weights;
}

// The same weight with its first number a million times as large.
Matrix with_outlier(Matrix weight) {
    weight(0, 0) *= 1e6f;
    return weight;
}

// How many numbers FP8 changes by more than a tenth.
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

    walk.step(
            "A scale for each block",
            "DeepSeek-V3's checkpoint holds its matrices as FP8: one sign bit, four of exponent, three of fraction "
            "(E4M3), from 2⁻⁹ up to 448. So few bits need a scale, and one for a whole matrix would be ruled by its "
            "largest number; there is one for each block of 128 x 128. Here wkv_a in blocks of 4 x 4, the last ones "
            "cut. The names are those of the checkpoint: weight_scale_inv is what is multiplied with.")
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
    walk.step(
            "What it costs",
            "Three bits of fraction leave an error of up to 1/16 of a number; in the output, errors add up and "
            "partly cancel. As long as all numbers are of one size, blocks gain little. But let one be a million "
            "times as large: it rules the scale of its block, and all others there are rounded to almost nothing. "
            "The last column counts them. Products are computed in float32, from dequantised weights.")
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
                  "A layer too large for one device is cut into ranks. wq_b and wkv_b are cut between heads: "
                  "rows of the stored weight, columns of the product (column-parallel), and no rank needs "
                  "to know of another. wo is cut along its input (row-parallel). wq_a, wkv_a and the norms "
                  "are whole on every rank, and so is the latent cache: each head needs all of it. World "
                  "size {}.",
                  world_size))
        .read("tensor_parallel.cpp")
        .table({"rank", "heads", "wq_b", "wkv_b", "wo"}, rows);

    // Every rank runs absorbed_attention as it stands, on its own part.
    const AllReduced reduced = all_reduce(ranks, [&](std::size_t rank) {
        LatentCache cache(local);
        const Weights part = shard(setting.weights, small_config, rank, world_size);
        return absorbed_attention(setting.x, part, local, setting.positions, cache, 0).output;
    });
    Step& step =
        walk.step("All-reduce: one sum",
                  "A rank's output is its heads' share of the sum over all heads. Adding up the shares, and "
                  "handing the sum to every rank, is the only time that ranks speak to each other.");
    step.read("tensor_parallel.cpp").formula("output = Σ head_contextᵣ woᵣᵀ  over the ranks r");
    for (std::size_t rank = 0; rank < world_size; ++rank) {
        const std::string name = fmt::format("rank{}.partial", rank);
        const bool printed_by_pytorch = world_size == 2;
        step.show(name, reduced.partials[rank], {"B", "T", "dim"},
                  printed_by_pytorch ? std::optional<Cell>(pytorch()) : std::nullopt);
    }
    step.show("all_reduced", reduced.output, {"B", "T", "dim"});
    step.note(fmt::format("Largest difference to one device: {:.1e}.",
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
