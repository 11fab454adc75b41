// Reading one printed value, whole or broken.
#include "common/compare/read_value.hpp"

#include <cmath>

#include "common/torch/print.hpp"
#include "tests/support/catch.hpp"

namespace {

// The value at the start of a text, which must be one.
PrintedTensor value_of(const std::string& text) {
    std::size_t at = 0;
    std::optional<PrintedTensor> value = read_value(text, at);
    CAPTURE(text);
    REQUIRE(value);
    return *value;
}

std::vector<double> numbers_in(const PrintedTensor& printed) {
    std::vector<double> numbers;
    for (const PrintedNumber& number : printed.numbers) numbers.push_back(number.value);
    return numbers;
}

using Numbers = std::vector<double>;

}  // namespace

TEST_CASE("compare: what PyTorch and NumPy print is read") {
    struct Case {
        const char* text;
        Shape shape;
        Numbers numbers;
    };
    const std::vector<Case> cases = {
        {"tensor([0.9544, -1.4950])", {2}, {0.9544, -1.495}},
        {"tensor([[1., 0.],\n        [2., 3.]], grad_fn=<MulBackward0>)", {2, 2}, {1, 0, 2, 3}},
        {"tensor([[[1, 2]],\n\n        [[3, 4]]], device='cuda:0', dtype=torch.int32)",
         {2, 1, 2},
         {1, 2, 3, 4}},
        {"tensor(1.)", {}, {1}},
        {"tensor(0.25, dtype=torch.float64, grad_fn=<SumBackward0>)", {}, {0.25}},
        {"tensor([True, False])", {2}, {1, 0}},
        {"tensor([1.0000e-05, 1.5000e+10], requires_grad=True)", {2}, {1e-5, 1.5e10}},
        {"torch.Size([2, 6, 3])", {3}, {2, 6, 3}},
        {"torch.Size([])", {0}, {}},
        {"tensor([], size=(0, 3))", {0, 3}, {}},
        {"tensor([])", {0}, {}},
        {"array([[1. , 2.5],\n       [3. , 4. ]], dtype=float32)", {2, 2}, {1, 2.5, 3, 4}},
        {"[[0.1 0.2]\n [0.3 0.4]]", {2, 2}, {0.1, 0.2, 0.3, 0.4}},
        {"[[0.1, 0.2], [0.3, 0.4]]", {2, 2}, {0.1, 0.2, 0.3, 0.4}},
        {"[1.e-05 2.e+00]", {2}, {1e-5, 2}},
    };
    for (const Case& expected : cases) {
        CAPTURE(expected.text);
        const PrintedTensor printed = value_of(expected.text);
        CHECK(printed.damage == "");
        CHECK(printed.shape == expected.shape);
        CHECK(numbers_in(printed) == expected.numbers);
    }
    CHECK(value_of("tensor([1], dtype=torch.int32)").dtype == "torch.int32");
    CHECK(value_of("tensor([0.9544])").numbers[0].text == "0.9544");
}

TEST_CASE("compare: infinities and NaN") {
    const PrintedTensor printed = value_of("tensor([   inf,   -inf,    nan, 0.5000])");
    CHECK(printed.numbers[0].value > 1e300);
    CHECK(printed.numbers[1].value < -1e300);
    CHECK(std::isnan(printed.numbers[2].value));
    CHECK(printed.shape == Shape{4});
}

TEST_CASE("compare: complex numbers have two parts") {
    for (const char* text :
         {"tensor([ 1.0000-2.5000j, -3.0000+0.0000j])", "array([ 1.-2.5j, -3.+0.j])", "[ 1. -2.5j -3. +0.j ]",
          "tensor([ 1.0000e+00-2.5000e+00j, -3.0000e+00+0.0000e+00j])"}) {
        CAPTURE(text);
        const PrintedTensor printed = value_of(text);
        CHECK(printed.is_complex);
        CHECK(printed.shape == Shape{2});
        CHECK(numbers_in(printed) == Numbers{1, -2.5, -3, 0});
    }
    CHECK(value_of("tensor([1.0000+0.0000j, 2.0000])").damage == "not all of its numbers are complex");
}

TEST_CASE("compare: a summary says where it leaves out") {
    std::vector<float> values(50 * 30);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) + 0.5f;
    const PrintedTensor printed = value_of(torch::to_string(AnyTensor({50, 30}, values)));
    CHECK(printed.damage == "");
    CHECK(printed.shape == Shape{6, 6});
    CHECK(printed.gaps == std::vector<std::size_t>{3, 3});
    CHECK(printed.numbers.size() == 36);
    CHECK(printed.numbers[3].value == 27.5);
}

TEST_CASE("compare: a broken value is named, not crashed on") {
    struct Case {
        const char *text, *damage;
    };
    const std::vector<Case> cases = {
        {"tensor([[0.1, 0.2],\n        [0.3", "it ends in the middle"},
        {"tensor([0.1, 0.2]", "it ends in the middle"},
        {"tensor([0.1, 0.2], grad_fn=<Mul", "it ends in the middle"},
        {"tensor([[1, 2], [3]])", "its rows differ in length"},
        {"tensor([1, [2]])", "its rows differ in depth"},
        {"tensor([[1], 2])", "its rows differ in depth"},
        {"tensor([0.1, <b>])", "it holds something that is no number"},
        {"tensor([0.1, 0x10])", "it holds something that is no number"},
        {"tensor([1, ..., 2, ..., 3])", "its \"...\" stands where none belongs"},
    };
    for (const Case& broken : cases) {
        CAPTURE(broken.text);
        const PrintedTensor printed = value_of(broken.text);
        CHECK(printed.damage == broken.damage);
        CHECK(printed.numbers.empty());
    }
    CHECK(value_of("tensor([1, " + std::string(100000, '[')).damage == "it has more than 16 axes");
}

TEST_CASE("compare: what is no value is left alone") {
    for (const char* text :
         {"tensor(x)", "tensor(inputs[0])", "[INFO] done", "[ ]", "array(", "[1, two]", "[1, 2"}) {
        CAPTURE(text);
        std::size_t at = 0;
        CHECK_FALSE(read_value(text, at));
        CHECK(at == 0);
    }
    CHECK_FALSE(value_starts_at("torch.tensor([1])", 6));
    CHECK_FALSE(value_starts_at("mytensor([1])", 2));
    CHECK(value_starts_at("x tensor([1])", 2));
}

TEST_CASE("compare: more numbers than asked for are not kept") {
    std::size_t at = 0;
    const std::string text = "tensor([1, 2, 3, 4])";
    const std::optional<PrintedTensor> printed = read_value(text, at, 3);
    REQUIRE(printed);
    CHECK(printed->damage == "there are too many numbers in one output");
    CHECK(printed->numbers.empty());
}
