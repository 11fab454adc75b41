// Rung 2's online softmax for 16 rows at once, on scores in the registers of a warp, where mma left them.
#pragma once
#include <cfloat>

#include "common/cuda/tile.cuh"
#include "common/cuda/warp_sums.cuh"

namespace ch5::KERNEL_SIDE {

// The state of this lane's two rows: row_of_lane() and the row 8 below. The four lanes of a row have the same
// `largest`; each lane sums only its own columns until finish(). `largest` starts at a finite number, because
// all scores of a row's first tile may be masked, and -inf - -inf is NaN.
struct RunningSoftmax {
    float largest[2] = {-FLT_MAX, -FLT_MAX};
    float sum[2] = {0, 0};

    // Turns scores (16, 8 n), in powers of 2, into weights 2^(score - largest). Scales the earlier sums, and
    // `context`, to the new maximum.
    template <int n, int m>
    __device__ void update(FragmentC (&scores)[n], FragmentC (&context)[m], Place place = Place::current()) {
        for (int half = 0; half < 2; ++half) {
            float most = -INFINITY;
            for (int i = 0; i < n; ++i)
                most = fmaxf(most, fmaxf(scores[i].c[2 * half], scores[i].c[2 * half + 1]));
            rescale(half, max_over<4>(most, place), context);
            for (int i = 0; i < n; ++i) weigh(half, scores[i]);
        }
    }

    // If the maximum of a row grows, the earlier sums, relative to the old maximum, become smaller.
    template <int m>
    __device__ void rescale(int half, float most, FragmentC (&context)[m]) {
        const float now_largest = fmaxf(largest[half], most);
        const float factor = exp2f(largest[half] - now_largest);
        largest[half] = now_largest;
        sum[half] *= factor;
        for (int i = 0; i < m; ++i) {
            context[i].c[2 * half] *= factor;
            context[i].c[2 * half + 1] *= factor;
        }
    }

    // Turns two scores of one row into weights.
    __device__ void weigh(int half, FragmentC& scores) {
        for (int i = 2 * half; i < 2 * half + 2; ++i) {
            scores.c[i] = exp2f(scores.c[i] - largest[half]);
            sum[half] += scores.c[i];
        }
    }

    // Adds up the sums of the four lanes of a row.
    __device__ void finish(Place place = Place::current()) {
        for (int half = 0; half < 2; ++half) sum[half] = sum_over<4>(sum[half], place);
    }
};

}  // namespace ch5::KERNEL_SIDE
