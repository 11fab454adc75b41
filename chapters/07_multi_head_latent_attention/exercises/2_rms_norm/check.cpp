#include "common/exercise/check.hpp"

#include <cmath>
#include <functional>

#include "chapters/07_multi_head_latent_attention/rms_norm.hpp"

using namespace exercise;

Tensor3 rms_norm(const Tensor3& x, const Vector& weight, float eps);

namespace {

// Each token, minus `shift` of it, divided by `size` of the mean of its squares.
Tensor3 normed_with(const Tensor3& x, const Vector& weight, const std::function<float(float mean)>& size,
                    bool subtracts_mean = false) {
    Tensor3 normed = x;
    const auto width = static_cast<float>(x.shape(2));
    for (std::size_t b = 0; b < x.shape(0); ++b) {
        for (std::size_t t = 0; t < x.shape(1); ++t) {
            float sum = 0.0f, squares = 0.0f;
            for (std::size_t i = 0; i < x.shape(2); ++i) sum += x(b, t, i);
            const float shift = subtracts_mean ? sum / width : 0.0f;
            for (std::size_t i = 0; i < x.shape(2); ++i) squares += std::pow(x(b, t, i) - shift, 2.0f);
            const float divisor = size(squares / width);
            for (std::size_t i = 0; i < x.shape(2); ++i)
                normed(b, t, i) = (x(b, t, i) - shift) / divisor * weight(i);
        }
    }
    return normed;
}

// The root mean square of all tokens together.
float size_of_all(const Tensor3& x, float eps) {
    float squares = 0.0f;
    for (const float value : x) squares += value * value;
    return std::sqrt(squares / static_cast<float>(x.size()) + eps);
}

void check_norm(const Tensor3& x, const Vector& weight, float eps) {
    given("x", x);
    given("weight", weight);
    given("eps", static_cast<double>(eps));
    const auto width = static_cast<float>(x.shape(2));
    const auto by = [&](const std::function<float(float)>& size, bool subtracts_mean = false) {
        return [=] { return AnyTensor(normed_with(x, weight, size, subtracts_mean)); };
    };
    check_tensor(
        "normed", answer([&] { return rms_norm(x, weight, eps); }), ch7::rms_norm(x, weight, eps),
        {"B", "T", "d"},
        {{"rms-weight-missing", "the numbers are not multiplied by the weight", "times weight(i)",
          [&] { return ch7::rms_norm(x, xt::ones<float>({x.shape(2)}), eps); }},
         {"rms-sum-instead-of-mean", "the sum of squares is not divided by d, so the result has the length 1",
          "the mean of the d squares", by([=](float mean) { return std::sqrt(mean * width + eps); })},
         {"rms-root-missing", "the numbers are divided by the mean of the squares, without its root",
          "std::sqrt", by([=](float mean) { return mean + eps; })},
         {"rms-mean-subtracted", "the mean is subtracted first: this is LayerNorm", "RMSNorm only divides",
          by([=](float mean) { return std::sqrt(mean + eps); }, true)},
         {"rms-eps-after-root", "eps is added after the root", "sqrt(mean + eps)",
          by([=](float mean) { return std::sqrt(mean) + eps; })},
         {"rms-eps-missing", "eps is not added, and a token of zeros gives 0 / 0 = NaN", "sqrt(mean + eps)",
          by([=](float mean) { return std::sqrt(mean); })},
         {"rms-of-all-tokens", "the mean is over all tokens together", "a mean for each token",
          by([=](float) { return size_of_all(x, eps); })}});
}

}  // namespace

TEST("two sequences of three tokens") {
    check_norm(random_tensor<3>(721, {2, 3, 5}), random_tensor<1>(722, {5}), 1e-6f);
}

TEST("a large eps") {
    check_norm(random_tensor<3>(723, {3, 1, 4}), random_tensor<1>(724, {4}), 0.5f);
}

TEST("a token of zeros") {
    Tensor3 x = random_tensor<3>(725, {1, 2, 7});
    for (std::size_t i = 0; i < 7; ++i) x(0, 1, i) = 0.0f;
    check_norm(x, random_tensor<1>(726, {7}), 1e-5f);
}
