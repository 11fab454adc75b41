#include "chapters/10_flash_attention/rounding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ch10 {

float sum_in_blocks(const Vector& x, std::size_t block, From from) {
    const Vector backward = xt::flip(x, 0);
    const Vector& row = from == From::first ? x : backward;
    float total = 0.0f;
    for (std::size_t first = 0; first < row.size(); first += block) {
        float of_block = 0.0f;
        for (std::size_t i = first; i < std::min(first + block, row.size()); ++i) of_block += row(i);
        total += of_block;
    }
    return total;
}

double sum_in_double(const Vector& x) {
    double total = 0.0;
    for (const float number : x) total += static_cast<double>(number);
    return total;
}

double in_last_places(float got, double exact) {
    const float above = std::nextafter(got, std::numeric_limits<float>::infinity());
    return (static_cast<double>(got) - exact) / (static_cast<double>(above) - static_cast<double>(got));
}

Vector context_in_double(const Vector& scores, const Matrix& values) {
    const auto largest = static_cast<double>(*std::max_element(scores.begin(), scores.end()));
    xt::xtensor<double, 1> context = xt::zeros<double>({values.shape(1)});
    double total = 0.0;
    for (std::size_t j = 0; j < scores.size(); ++j) {
        const double power = std::exp(static_cast<double>(scores(j)) - largest);
        total += power;
        for (std::size_t c = 0; c < values.shape(1); ++c)
            context(c) += power * static_cast<double>(values(j, c));
    }
    const Vector rounded = xt::cast<float>(context / total);
    return rounded;
}

}  // namespace ch10
