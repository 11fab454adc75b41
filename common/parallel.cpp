#include "common/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif

namespace {

// While it lives, this thread replaces denormal results and inputs by 0.
class FlushDenormals {
#ifdef __SSE2__
  public:
    FlushDenormals() : before_(__builtin_ia32_stmxcsr()) {
        constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
        __builtin_ia32_ldmxcsr(before_ | flush_to_zero | denormals_are_zero);
    }
    ~FlushDenormals() {
        __builtin_ia32_ldmxcsr(before_);
    }

  private:
    unsigned before_;
#elif defined(__aarch64__)
  public:
    FlushDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        constexpr std::uint64_t flush_to_zero = std::uint64_t{1} << 24U;
        asm volatile("msr fpcr, %0" : : "r"(before_ | flush_to_zero));
    }
    ~FlushDenormals() {
        asm volatile("msr fpcr, %0" : : "r"(before_));
    }

  private:
    std::uint64_t before_ = 0;
#else
  public:
    FlushDenormals() {}
    ~FlushDenormals() {}
#endif
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace

std::size_t usable_cores() {
#ifdef __linux__
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof(cores), &cores) == 0) return static_cast<std::size_t>(CPU_COUNT(&cores));
#endif
    return std::max(1U, std::thread::hardware_concurrency());
}

std::size_t default_threads() {
    if (const char* asked = std::getenv("OMP_NUM_THREADS")) {
        const long threads = std::strtol(asked, nullptr, 10);
        if (threads > 0) return static_cast<std::size_t>(threads);
    }
    return usable_cores();
}

const char* name_of_threads() {
#ifdef _OPENMP
    return "OpenMP";
#else
    return "std::thread";
#endif
}

void parallel_for(std::size_t count, std::size_t threads,
                  const std::function<void(std::size_t, std::size_t)>& work) {
    std::atomic<std::size_t> next = 0;
    const auto take_turns = [&](std::size_t thread) {
        const FlushDenormals flush;
        for (std::size_t i = next++; i < count; i = next++) work(i, thread);
    };
    threads = std::max<std::size_t>(1, std::min(threads, count));
#ifdef _OPENMP
#pragma omp parallel for num_threads(static_cast <int>(threads)) schedule(static, 1)
    for (std::size_t thread = 0; thread < threads; ++thread) take_turns(thread);
#else
    std::vector<std::thread> others;
    for (std::size_t thread = 1; thread < threads; ++thread) others.emplace_back(take_turns, thread);
    take_turns(0);
    for (std::thread& other : others) other.join();
#endif
}
