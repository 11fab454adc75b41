#include "common/exercise/check.hpp"

#include "chapters/02_trainable_weights/linear.hpp"

using namespace exercise;

Matrix linear(const Matrix& x, const Matrix& weight, const Vector& bias);

namespace {

Matrix with_bias(const Matrix& products, const Vector& bias) {
    const Matrix y = products + bias;
    return y;
}

// x W, as if the weight were an nn.Parameter. It runs only if in = out.
Matrix not_transposed(const Matrix& x, const Matrix& weight, const Vector& bias) {
    if (weight.shape(0) != weight.shape(1)) return x;
    return with_bias(torch::matmul(x, weight), bias);
}

// The numbers of the weight in their order, but read as (in, out).
Matrix reshaped(const Matrix& x, const Matrix& weight, const Vector& bias) {
    Matrix read = weight;
    read.reshape({weight.shape(1), weight.shape(0)});
    return with_bias(torch::matmul(x, read), bias);
}

// y = instead of y +=: each product replaces the one before.
Matrix last_product(const Matrix& x, const Matrix& weight, const Vector& bias) {
    const std::size_t last = weight.shape(1) - 1;
    return with_bias(
        torch::matmul_transposed(torch::narrow(x, 1, last, 1), torch::narrow(weight, 1, last, 1)), bias);
}

void check_layer(const Matrix& x, const Matrix& weight, const Vector& bias) {
    given("x", x);
    given("weight", weight);
    given("bias", bias);
    const ch2::Linear without_bias{weight, {}};
    check_tensor(
        "y", answer([&] { return linear(x, weight, bias); }), ch2::Linear{weight, bias}(x), {"T", "out"},
        {{"weight-not-transposed", "this is x W instead of x Wᵀ, which runs only because in = out",
          "weight(o, i): the row belongs to the output", [&] { return not_transposed(x, weight, bias); }},
         {"bias-missing", "the bias is missing", "plus bias(o)", [&] { return without_bias(x); }},
         {"last-product-only", "only the product with the last input is in each sum", "y(t, o) += ...",
          [&] { return last_product(x, weight, bias); }},
         {"weight-reshaped", "the weight is read as (in, out) in the same order, and that is no transpose",
          "weight(o, i): the row belongs to the output", [&] { return reshaped(x, weight, bias); }}});
}

}  // namespace

TEST("three inputs, three outputs") {
    check_layer(random_tensor<2>(45, {4, 3}), random_tensor<2>(46, {3, 3}), random_tensor<1>(47, {3}));
}

TEST("five inputs, two outputs") {
    check_layer(random_tensor<2>(48, {3, 5}), random_tensor<2>(49, {2, 5}), random_tensor<1>(50, {2}));
}

TEST("one token, and more outputs than inputs") {
    check_layer(random_tensor<2>(51, {1, 2}), random_tensor<2>(52, {6, 2}), random_tensor<1>(53, {6}));
}
