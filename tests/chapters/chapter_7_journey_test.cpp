// The journey at a real layer's size: what PyTorch printed, and how it laid the tensors out.
#include <numeric>

#include "chapters/07_multi_head_latent_attention/journey.hpp"
#include "common/document/judge.hpp"
#include "common/torch/print.hpp"
#include "common/torch/random.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reference.hpp"

namespace {

constexpr ch7::Config config{.dim = 2048,
                             .n_heads = 16,
                             .q_lora_rank = 0,
                             .kv_lora_rank = 512,
                             .qk_nope_head_dim = 128,
                             .qk_rope_head_dim = 64,
                             .v_head_dim = 128,
                             .max_batch_size = 2,
                             .max_seq_len = 4};

std::vector<ch7::JourneyStep> run_journey() {
    torch::Generator generator(123);
    const Tensor3 x = torch::view<3>(torch::randn(generator, 8, 2048), {2, 4, 2048});
    const ch7::Weights weights = ch7::random_weights(generator, config);
    ch7::LatentCache cache(config);
    const ch7::AbsorbedTrace trace = ch7::absorbed_attention(
        x, weights, config, ch7::positions(config, 10000.0f, std::nullopt, 4), cache, 0);
    return ch7::journey(x, weights, config, trace);
}

// The largest difference between the numbers of two prints, or infinity where there are not equally many.
double print_difference(const std::string& here, const std::string& there) {
    const std::vector<std::string> ours = numbers_in(here), theirs = numbers_in(there);
    if (ours.size() != theirs.size()) return std::numeric_limits<double>::infinity();
    double largest = 0.0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        largest = std::max(largest, std::abs(std::stod(ours[i]) - std::stod(theirs[i])));
    }
    return largest;
}

}  // namespace

TEST_CASE("journey: every tensor, shape and stride is PyTorch's, and what is a view there is one here") {
    const std::vector<ch7::JourneyStep> steps = run_journey();
    const nlohmann::json prints = load_reference("journey_prints.json").at("prints");
    REQUIRE(prints.size() == steps.size() + 1);  // the first is x itself
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const ch7::JourneyStep& step = steps[i];
        const nlohmann::json& print = prints[i + 1];
        CAPTURE(step.name);
        if (step.name != "x.flatten(2)") CHECK(step.name == print.at("name").get<std::string>());
        CHECK(step.after.shape == print.at("shape").get<Shape>());
        CHECK(step.after.strides == print.at("strides").get<Shape>());
        CHECK((step.kind == ch7::JourneyStep::Kind::view) == print.at("is_view").get<bool>());
        CHECK(step.tensor.shape == step.after.shape);

        // Sums of 2048 terms: the fifth digit of a print may differ.
        CHECK(print_difference(torch::to_string(step.tensor), print.at("text")) < 1.1e-4);
    }
}

TEST_CASE("journey: FLOPs and bytes, counted by hand") {
    const std::vector<ch7::JourneyStep> steps = run_journey();
    const auto step = [&](const std::string& name) {
        return *std::find_if(steps.begin(), steps.end(), [&](const auto& each) { return each.name == name; });
    };
    // 8 tokens, 3072 sums of 2048 products; x, the weight and the result are read or written once.
    CHECK(step("wq(x)").flops == 2.0 * 8 * 3072 * 2048);
    CHECK(step("wq(x)").bytes == 4.0 * (8 * 2048 + 3072 * 2048 + 8 * 3072));
    CHECK(step("q_nope").flops == 0.0);
    CHECK(step("q_nope").bytes == 0.0);
    CHECK(step("q_pe_rotated").flops == 6.0 * 8 * 16 * 32);
    CHECK(step("q_absorbed").flops == 2.0 * 8 * 16 * 512 * 128);
    CHECK(step("scores_nope").flops == 2.0 * 8 * 16 * 4 * 512);
    CHECK(step("scores_pe").flops == 2.0 * 8 * 16 * 4 * 64);
    CHECK(step("context_latent").bytes == 4.0 * (8 * 16 * 4 + 8 * 16 * 512 + 8 * 512));
    CHECK(step("x.flatten(2)").kind == ch7::JourneyStep::Kind::copied);
    CHECK(step("x.flatten(2)").bytes == 4.0 * 2 * 8 * 2048);
}

TEST_CASE("journey: FLOPs, bytes and the layout before, for each step, no two sizes alike") {
    constexpr ch7::Config sizes{.dim = 11,
                                .n_heads = 3,
                                .q_lora_rank = 0,
                                .kv_lora_rank = 10,
                                .qk_nope_head_dim = 5,
                                .qk_rope_head_dim = 4,
                                .v_head_dim = 6,
                                .max_batch_size = 2,
                                .max_seq_len = 7};
    torch::Generator generator(31);
    const Tensor3 x = torch::view<3>(torch::randn(generator, 14, 11), {2, 7, 11});
    const ch7::Weights weights = ch7::random_weights(generator, sizes);
    ch7::LatentCache cache(sizes);
    const ch7::AbsorbedTrace trace = ch7::absorbed_attention(
        x, weights, sizes, ch7::positions(sizes, 10000.0f, std::nullopt, 7), cache, 0);

    // By hand: two for each term of each sum; what is read, a second tensor that is read, what is written.
    struct Expected {
        std::string name;
        double flops, numbers;
        Shape before, strides;
    };
    const Expected expected[] = {
        {"wq(x)", 2.0 * 14 * 27 * 11, 14 * 11 + 27 * 11 + 14 * 27, {2, 7, 11}, {77, 11, 1}},
        {"q", 0, 0, {2, 7, 27}, {189, 27, 1}},
        {"q_nope", 0, 0, {2, 7, 3, 9}, {189, 27, 9, 1}},
        {"q_pe", 0, 0, {2, 7, 3, 9}, {189, 27, 9, 1}},
        {"q_pe_rotated", 6.0 * 14 * 3 * 2, 14 * 12 + 7 * 4 + 14 * 12, {2, 7, 3, 4}, {189, 27, 9, 1}},
        {"wkv_a(x)", 2.0 * 14 * 14 * 11, 14 * 11 + 14 * 11 + 14 * 14, {2, 7, 11}, {77, 11, 1}},
        {"kv_latent", 0, 0, {2, 7, 14}, {98, 14, 1}},
        {"k_pe", 0, 0, {2, 7, 14}, {98, 14, 1}},
        {"k_pe_rotated", 6.0 * 14 * 2, 14 * 4 + 7 * 4 + 14 * 4, {2, 7, 4}, {98, 14, 1}},
        {"kv_normed", 4.0 * 14 * 10, 14 * 10 + 10 + 14 * 10, {2, 7, 10}, {98, 14, 1}},
        {"q_absorbed", 2.0 * 14 * 30 * 5, 14 * 15 + 3 * 5 * 10 + 14 * 30, {2, 7, 3, 5}, {189, 27, 9, 1}},
        {"scores_nope", 2.0 * 14 * 21 * 10, 14 * 30 + 14 * 10 + 14 * 21, {2, 7, 3, 10}, {70, 10, 140, 1}},
        {"scores_pe", 2.0 * 14 * 21 * 4, 14 * 12 + 14 * 4 + 14 * 21, {2, 7, 3, 4}, {84, 12, 4, 1}},
        {"attn_scores", 14 * 21, 3 * 14 * 21, {2, 7, 3, 7}, {147, 21, 7, 1}},
        {"attn_weights", 6.0 * 14 * 21, 2 * 14 * 21, {2, 7, 3, 7}, {147, 21, 7, 1}},
        {"context_latent", 2.0 * 14 * 30 * 7, 14 * 21 + 14 * 10 + 14 * 30, {2, 7, 3, 7}, {147, 21, 7, 1}},
        {"head_context", 2.0 * 14 * 18 * 10, 14 * 30 + 3 * 6 * 10 + 14 * 18, {2, 7, 3, 10}, {210, 30, 10, 1}},
        {"x.flatten(2)", 0, 14 * 18 + 14 * 18, {2, 7, 3, 6}, {42, 6, 84, 1}},
        {"output", 2.0 * 14 * 11 * 18, 14 * 18 + 11 * 18 + 14 * 11, {2, 7, 18}, {126, 18, 1}}};
    const std::vector<ch7::JourneyStep> steps = ch7::journey(x, weights, sizes, trace);
    REQUIRE(steps.size() == std::size(expected));
    for (std::size_t i = 0; i < steps.size(); ++i) {
        CAPTURE(steps[i].name);
        CHECK(steps[i].name == expected[i].name);
        CHECK(steps[i].flops == expected[i].flops);
        CHECK(steps[i].bytes == 4.0 * expected[i].numbers);
        CHECK(steps[i].before.shape == expected[i].before);
        CHECK(steps[i].before.strides == expected[i].strides);
    }
}
