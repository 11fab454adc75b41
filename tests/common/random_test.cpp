// PyTorch's random numbers, bit by bit, against what two builds of PyTorch drew (data/torch_random_*.json).
#include "common/torch/random.hpp"
#include "chapters/02_trainable_weights/linear.hpp"
#include "chapters/03_causal_mask_and_dropout/dropout.hpp"
#include "common/torch/mcg31.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/reference.hpp"

namespace {

using Bits = std::vector<std::uint32_t>;

template <class T>
Bits bits(const T& tensor) {
    return bits_of(tensor.data(), tensor.size());
}

std::size_t size_of(const nlohmann::json& call) {
    std::size_t size = 1;
    for (const std::size_t axis : call.at("shape")) size *= axis;
    return size;
}

// Makes one recorded call and compares all that it gives.
void repeat_call(torch::Generator& generator, const nlohmann::json& call, torch::DropoutRng build) {
    const std::string op = call.at("op");
    const auto expected = [&](const char* key) { return call.at(key).get<Bits>(); };
    CAPTURE(call.dump().substr(0, 120));

    if (op == "manual_seed") {
        generator.manual_seed(call.at("seed").get<std::uint64_t>());
    } else if (op == "rand") {
        CHECK(bits(torch::rand(generator, 1, size_of(call))) == expected("bits"));
    } else if (op == "uniform") {
        CHECK(bits(torch::uniform(generator, size_of(call), call.at("low"), call.at("high"))) ==
              expected("bits"));
    } else if (op == "randn") {
        CHECK(bits(torch::randn(generator, size_of(call))) == expected("bits"));
    } else if (op == "embedding") {
        CHECK(bits(torch::randn(generator, call.at("rows"), call.at("cols"))) == expected("bits"));
    } else if (op == "randint") {
        const auto values = torch::randint(generator, call.at("low"), call.at("high"), size_of(call));
        CHECK(std::vector<std::int64_t>(values.begin(), values.end()) ==
              call.at("values").get<std::vector<std::int64_t>>());
    } else if (op == "linear") {
        const bool bias = call.at("bias");
        const ch2::Linear linear = ch2::random_linear(generator, call.at("in"), call.at("out"), bias);
        CHECK(bits(linear.weight) == expected("weight_bits"));
        if (bias) CHECK(bits(*linear.bias) == expected("bias_bits"));
    } else if (op == "dropout") {
        const Vector ones = xt::ones<float>({size_of(call)});
        CHECK(bits(ch3::Dropout{call.at("p"), ch3::Mode::train, build}(ones, generator)) == expected("bits"));
    } else {
        FAIL("the reference has an operation that this test does not know: " << op);
    }
}

void repeat_all(const char* file, torch::DropoutRng build) {
    const nlohmann::json reference = load_reference(file);
    REQUIRE(reference.at("cases").size() > 50);
    for (const auto& entry : reference.at("cases")) {
        CAPTURE(entry.at("name").get<std::string>());
        torch::Generator generator(0);
        for (const auto& call : entry.at("calls")) repeat_call(generator, call, build);
    }
}

}  // namespace

TEST_CASE("the numbers of a PyTorch wheel with MKL") {
    repeat_all("torch_random_mkl.json", torch::DropoutRng::mkl);
}

TEST_CASE("the numbers of Debian's PyTorch, without MKL") {
    repeat_all("torch_random_generic.json", torch::DropoutRng::generic);
}

TEST_CASE("the first draw for seed 123") {
    CHECK(torch::Generator(123).draw32() == 2991312382U);
}

TEST_CASE("MKL's generator: a seed of 0 in its own arithmetic becomes 1") {
    constexpr std::uint32_t modulus = (1U << 31U) - 1;
    const double first = torch::Mcg31(1).next();
    CHECK(first == 1.0 / modulus);
    for (const std::uint32_t seed : {0U, modulus, 2 * modulus, modulus + 1})
        CHECK(torch::Mcg31(seed).next() == first);
}

TEST_CASE("randint refuses an empty range") {
    torch::Generator generator(1);
    CHECK_THROWS_AS(torch::randint(generator, 5, 5, 1), std::invalid_argument);
}
