#include "common/files/rope_fields.hpp"

#include <fmt/format.h>

#include <cmath>

double yarn_mscale(double factor, double mscale) {
    return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

void read_theta_inside(const Fields& fields, const Fields& rope, double& theta) {
    const double at_the_top = theta;
    rope.read({"rope_theta"}, theta);
    if (fields.find({"rope_theta"}) && theta != at_the_top) {
        fields.refuse(
            fmt::format("rope_theta is {}, and {} in the object of rotary embeddings", at_the_top, theta),
            "keep one");
    }
}

void check_yarn_theta(const Fields& fields, double theta) {
    if (theta == 1.0) fields.refuse("rope_theta is 1", "YaRN divides by its logarithm; take another");
}
