// Roofline: no computation is faster than the processor multiplies, and none is faster than memory brings its
// bytes. The lower of the two limits is the roof above it.
#pragma once

namespace bench {

struct Work {
    double flop = 0;   // a multiplication and an addition are two
    double bytes = 0;  // each input is read once, each result is written once

    Work& operator+=(const Work& other) {
        flop += other.flop;
        bytes += other.bytes;
        return *this;
    }
    friend Work operator+(Work left, const Work& right) { return left += right; }
};

// The two limits of a machine, with some number of threads.
struct Roofs {
    double flop_per_second = 0;
    double bytes_per_second = 0;

    // The shortest time in which this machine does the work, and which limit it is.
    [[nodiscard]] double seconds(const Work& work) const;
    [[nodiscard]] bool is_memory_bound(const Work& work) const;
    // 0.8: the work ran at 80 % of the limit that bounds it.
    [[nodiscard]] double share(const Work& work, double seconds_taken) const;
};

}  // namespace bench
