// Rung 2's online softmax for 16 rows at once, on scores as mma leaves them in the registers of a warp.
#pragma once
#include "common/cuda/tile.cuh"
#include "common/cuda/warp_sums.cuh"

namespace ch5::KERNEL_SIDE {

// Of the two rows that this lane has a part in: row_of_lane() and eight below. The four lanes of a row agree
// on `largest`; each has summed its own columns only, until finish().
struct RunningSoftmax {
    float largest[2] = {-INFINITY, -INFINITY};
    float sum[2] = {0, 0};

    // Scores (16, 8 n), in powers of 2, become weights 2^(score - largest). What was summed before, `context`
    // included, is scaled to the new maximum.
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

    // A larger maximum of one of the two rows makes smaller all that was summed relative to the old one.
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

    // Two scores of one of the rows into weights.
    __device__ void weigh(int half, FragmentC& scores) {
        for (int i = 2 * half; i < 2 * half + 2; ++i) {
            scores.c[i] = exp2f(scores.c[i] - largest[half]);
            sum[half] += scores.c[i];
        }
    }

    // The four lanes of a row add up what each has summed.
    __device__ void finish(Place place = Place::current()) {
        for (int half = 0; half < 2; ++half) sum[half] = sum_over<4>(sum[half], place);
    }
};

}  // namespace ch5::KERNEL_SIDE
