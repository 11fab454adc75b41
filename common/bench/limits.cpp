#include "common/bench/limits.hpp"

#include <algorithm>
#include <array>

#include "common/blas.hpp"
#include "common/parallel.hpp"

namespace bench {
namespace {

// Integers are added, because the compiler may add integers in any order and so in vectors.
unsigned sum(const unsigned* numbers, std::size_t count) {
    std::array<unsigned, 64> sums{};
    std::size_t i = 0;
    for (; i + sums.size() <= count; i += sums.size()) {
        for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += numbers[i + lane];
    }
    unsigned total = 0;
    for (const unsigned part : sums) total += part;
    for (; i < count; ++i) total += numbers[i];
    return total;
}

}  // namespace

ReadProbe::ReadProbe(std::size_t bytes) : numbers_(bytes / sizeof(unsigned), 1U) {}

double ReadProbe::bytes() const {
    return static_cast<double>(numbers_.size() * sizeof(unsigned));
}

void ReadProbe::read(std::size_t threads) const {
    const std::size_t part = (numbers_.size() + threads - 1) / threads;
    parallel_for(threads, threads, [&](std::size_t i, std::size_t) {
        const std::size_t first = std::min(i * part, numbers_.size());
        const std::size_t stop = std::min(first + part, numbers_.size());
        // The compiler has to compute what is written to a volatile variable.
        [[maybe_unused]] volatile unsigned total = sum(numbers_.data() + first, stop - first);
    });
}

SgemmProbe::SgemmProbe(std::size_t n) : n_(n), a_(n * n, 0.5f), b_(n * n, 0.25f), c_(n * n) {}

double SgemmProbe::flop() const {
    const auto n = static_cast<double>(n_);
    return 2 * n * n * n;
}

void SgemmProbe::multiply(std::size_t threads) {
    const blas::Threads in_blas(threads);
    blas::multiply(n_, n_, n_, {a_.data(), n_}, {b_.data(), n_}, 0.0f, {c_.data(), n_});
}

Limits measure_limits(std::size_t threads, const LimitSizes& sizes, const Budget& budget) {
    SgemmProbe sgemm(sizes.matrix);
    const ReadProbe memory(sizes.bytes);
    std::vector<Samples> samples = time_in_turn({[&] { sgemm.multiply(1); }, [&] { sgemm.multiply(threads); },
                                                 [&] { memory.read(1); }, [&] { memory.read(threads); }},
                                                budget);
    Limits limits;
    limits.threads = threads;
    limits.one_thread = {sgemm.flop() / samples[0].median(), memory.bytes() / samples[2].median()};
    limits.all_threads = {sgemm.flop() / samples[1].median(), memory.bytes() / samples[3].median()};
    limits.sgemm_one = std::move(samples[0]);
    limits.sgemm_all = std::move(samples[1]);
    limits.read_one = std::move(samples[2]);
    limits.read_all = std::move(samples[3]);
    return limits;
}

}  // namespace bench
