#include "chapters/09_every_model/distance_bias.hpp"

#include <algorithm>
#include <cmath>

namespace ch9 {

std::size_t distance_bucket(std::size_t query, std::size_t key, const DistanceBias& choice, bool both_ways) {
    const std::size_t buckets = both_ways ? choice.buckets / 2 : choice.buckets, near = buckets / 2;
    const std::size_t first = both_ways && key > query ? buckets : 0;
    const std::size_t back = query > key ? query - key : 0,
                      ahead = both_ways && key > query ? key - query : 0;
    const std::size_t distance = std::max(back, ahead);
    if (distance < near) return first + distance;

    const auto ratio = [&](std::size_t length) {
        return static_cast<float>(length) / static_cast<float>(near);
    };
    const float place = std::log(ratio(distance)) / std::log(ratio(choice.max_distance));
    const auto further = static_cast<std::size_t>(place * static_cast<float>(buckets - near));
    return first + std::min(near + further, buckets - 1);
}

Tensor4 add_distance_bias(const Tensor4& scores, const Matrix& table, const DistanceBias& choice,
                          bool both_ways, std::size_t start_pos, std::size_t first_key) {
    Tensor4 biased = scores;
    for (std::size_t i = 0; i < scores.shape(2); ++i) {
        for (std::size_t j = 0; j < scores.shape(3); ++j) {
            const std::size_t bucket = distance_bucket(start_pos + i, first_key + j, choice, both_ways);
            for (std::size_t b = 0; b < scores.shape(0); ++b) {
                for (std::size_t h = 0; h < scores.shape(1); ++h) biased(b, h, i, j) += table(bucket, h);
            }
        }
    }
    return biased;
}

}  // namespace ch9
