// The limits of this machine, measured and not read off a data sheet: how fast BLAS multiplies, and how fast
// memory is read.
#pragma once
#include <cstddef>
#include <vector>

#include "common/bench/roofs.hpp"
#include "common/bench/timing.hpp"

namespace bench {

// What is measured. The defaults take about a second; smaller ones, for tests, say little.
struct LimitSizes {
    std::size_t matrix = 2048;                    // sgemm of (n, n) and (n, n)
    std::size_t bytes = std::size_t{256} << 20U;  // much more than the last cache of a core
};

struct Limits {
    std::size_t threads = 1;
    Roofs one_thread, all_threads;
    Samples sgemm_one, sgemm_all, read_one, read_all;  // the times behind them
};

// Reads a buffer and adds all its numbers, in `threads` threads. Nothing is written, so the time is that of
// reading memory.
class ReadProbe {
  public:
    explicit ReadProbe(std::size_t bytes);
    void read(std::size_t threads) const;
    [[nodiscard]] double bytes() const;

  private:
    std::vector<unsigned> numbers_;
};

// Multiplies two (n, n) matrices with BLAS.
class SgemmProbe {
  public:
    explicit SgemmProbe(std::size_t n);
    void multiply(std::size_t threads);
    [[nodiscard]] double flop() const;

  private:
    std::size_t n_;
    std::vector<float> a_, b_, c_;
};

// All four in turn: one thread and `threads` threads, products and reading.
Limits measure_limits(std::size_t threads, const LimitSizes& sizes = {}, const Budget& budget = {5, 5, 0});

}  // namespace bench
