#include <algorithm>
#include <cmath>

#include "common/tensor.hpp"
#include "query.hpp"

// The context vector of one query, in one pass over the keys. values (S, d) -> (d)
Vector attend_in_blocks(const Query& query, const Matrix& values) {
    const Vector& scores = query.scores;
    float m = masked, l = 0.0f;
    Vector acc = xt::zeros<float>({values.shape(1)});
    for (std::size_t first = 0; first < scores.size(); first += query.block) {
        const std::size_t stop = std::min(first + query.block, scores.size());
        float new_m = m;
        for (std::size_t s = first; s < stop; ++s) new_m = std::max(new_m, scores(s));
        // -inf - (-inf) is NaN. A masked block changes nothing.
        if (new_m == masked) continue;

        const float alpha = std::exp(m - new_m);
        l *= alpha;
        acc *= alpha;
        for (std::size_t s = first; s < stop; ++s) {
            const float p = std::exp(scores(s) - new_m);
            l += p;
            for (std::size_t d = 0; d < acc.size(); ++d) acc(d) += p * values(s, d);
        }
        m = new_m;
    }
    // A query whose keys are all masked has the sum 0.
    if (l > 0.0f) acc /= l;
    return acc;
}
