// --size journey: one call at the size of a small DeepSeek layer, operation by operation, with what happens
// in memory. PyTorch prints the same tensors, except for the last digit, for torch.manual_seed(123), x =
// torch.randn(2, 4, 2048), then wq, wkv_a, wkv_b, wo as nn.Linear without bias.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "chapters/07_multi_head_latent_attention/journey.hpp"
#include "chapters/07_multi_head_latent_attention/walk.hpp"
#include "common/torch/random.hpp"

namespace ch7 {
namespace {

constexpr Config journey_config{.dim = 2048,
                                .n_heads = 16,
                                .q_lora_rank = 0,
                                .kv_lora_rank = 512,
                                .qk_nope_head_dim = 128,
                                .qk_rope_head_dim = 64,
                                .v_head_dim = 128,
                                .max_batch_size = 2,
                                .max_seq_len = 4};

// 1234567 -> 1,234,567
std::string with_commas(double number) {
    std::string digits = fmt::format("{:.0f}", number);
    for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, ",");
    return digits;
}

std::string strides_of(const Layout& layout) {
    return fmt::format("({})", fmt::join(layout.strides, ", "));
}

std::string_view kind_of(const JourneyStep& step) {
    switch (step.kind) {
        case JourneyStep::Kind::view:
            return "view";
        case JourneyStep::Kind::copied:
            return "copied";
        case JourneyStep::Kind::computed:
            break;
    }
    return "computed";
}

// One sentence about what the operation did in memory.
std::string cost_of(const JourneyStep& step) {
    switch (step.kind) {
        case JourneyStep::Kind::view:
            return "A view: it copies no byte and computes no number.";
        case JourneyStep::Kind::copied:
            return fmt::format("Copied: no FLOPs; {} bytes read and written.", with_commas(step.bytes));
        case JourneyStep::Kind::computed:
            break;
    }
    return fmt::format("Computed: {} FLOPs; {} bytes read and written.", with_commas(step.flops),
                       with_commas(step.bytes));
}

void tell(Walkthrough& walk, const JourneyStep& made) {
    walk.step(made.code, made.text)
        .read("journey.cpp")
        .table({"", "before", "after"}, {{"shape", to_string(made.before.shape), to_string(made.after.shape)},
                                         {"strides", strides_of(made.before), strides_of(made.after)}})
        .note(cost_of(made))
        .show(made.name, made.tensor, made.axes);
}

void tell_sums(Walkthrough& walk, const std::vector<JourneyStep>& steps) {
    double flops = 0.0, bytes = 0.0;
    Rows rows;
    for (const JourneyStep& step : steps) {
        flops += step.flops;
        bytes += step.bytes;
        rows.push_back(
            {step.name, std::string(kind_of(step)), with_commas(step.flops), with_commas(step.bytes)});
    }
    rows.push_back({"all", "", with_commas(flops), with_commas(bytes)});
    walk.section("", "The whole journey");
    walk.step("The total cost",
              "Products with weights are nearly all of the cost. With 8 tokens, the layer reads each weight "
              "for 16 operations; with one token, for only 2. That is why memory limits a decoding step.")
        .read("journey.cpp")
        .table({"result", "", "FLOPs", "bytes"}, rows);
}

}  // namespace

void walk_journey(Walkthrough& walk) {
    walk.figures_do_not_apply("at the size of a real layer: PyTorch's figures are for the small one");
    const std::size_t batch = journey_config.max_batch_size, tokens = journey_config.max_seq_len;
    torch::Generator generator(walk.seed(123));
    const Tensor3 x = torch::view<3>(torch::randn(generator, batch * tokens, journey_config.dim),
                                     {batch, tokens, journey_config.dim});
    const Weights weights = random_weights(generator, journey_config);
    LatentCache cache(journey_config);
    const AbsorbedTrace trace = absorbed_attention(
        x, weights, journey_config, positions(journey_config, 10000.0f, std::nullopt, tokens), cache, 0);

    walk.section("", "A journey through one layer");
    walk.step("The start",
              "Two sequences of four tokens with dim 2048; 16 heads, direct queries, a latent of 512 "
              "numbers, keys of 128 + 64 and values of 128. A stride says how many numbers lie between "
              "neighbours along an axis. A view has other strides and the same memory. Bytes are those of "
              "float32.")
        .show("x", x, {"B", "T", "dim"});
    const std::vector<JourneyStep> steps = journey(x, weights, journey_config, trace);
    for (const JourneyStep& step : steps) tell(walk, step);
    tell_sums(walk, steps);
}

}  // namespace ch7
