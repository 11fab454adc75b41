// print(tensor) against tensors that PyTorch itself printed (data/torch_printed.json).
#include <bit>

#include "common/torch/print.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reference.hpp"

namespace {

AnyTensor tensor_of(const nlohmann::json& entry) {
    const Shape shape = entry.at("shape");
    const std::string dtype = entry.at("dtype");
    if (dtype == "int64") return {shape, entry.at("bits").get<std::vector<std::int64_t>>()};
    if (dtype == "bool") {
        std::vector<bool> values;
        for (const int bit : entry.at("bits")) values.push_back(bit != 0);
        return {shape, values};
    }
    std::vector<float> floats;
    for (const std::uint32_t bits : entry.at("bits")) floats.push_back(std::bit_cast<float>(bits));
    if (dtype == "float32") return {shape, floats};
    std::vector<std::complex<float>> values;
    for (std::size_t i = 0; i < floats.size(); i += 2) values.emplace_back(floats[i], floats[i + 1]);
    return {shape, values};
}

}  // namespace

TEST_CASE("every tensor that PyTorch printed comes out the same") {
    const nlohmann::json reference = load_reference("torch_printed.json");
    std::size_t cases = 0;
    for (const auto& entry : reference.at("cases")) {
        torch::PrintOptions options;
        options.precision = entry.at("precision");
        if (entry.at("full")) options.threshold = torch::PrintOptions::no_threshold;

        CAPTURE(entry.at("name").get<std::string>());
        CHECK(torch::to_string(tensor_of(entry), options) == entry.at("text").get<std::string>());
        ++cases;
    }
    CHECK(cases >= 200);
}

TEST_CASE("a shape prints as torch.Size") {
    CHECK(torch::size_to_string({2, 6, 3}) == "torch.Size([2, 6, 3])");
    CHECK(torch::size_to_string({}) == "torch.Size([])");
}
