// The journey at a real layer's size: what PyTorch printed, and how it laid the tensors out.
#include <numeric>

#include "chapters/07_multi_head_latent_attention/journey.hpp"
#include "common/torch/print.hpp"
#include "common/torch/random.hpp"
#include "common/walkthrough/notebook.hpp"
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
        if (step.name != "x.flatten(2)") CHECK(step.name == print.at("name"));
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
