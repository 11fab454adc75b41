// Work in several threads: OpenMP where the compiler has it, std::thread elsewhere.
#pragma once
#include <cstddef>
#include <functional>

// The number of cores that this process may run on.
std::size_t usable_cores();

// The number of threads to use: OMP_NUM_THREADS, or the cores that this process may run on.
std::size_t default_threads();

// "OpenMP" or "std::thread", for reports.
const char* name_of_threads();

// Calls work(i, thread) for each i from 0 to count - 1. A thread takes the next i when it has finished one,
// and `thread` is its number: each has scratch memory of its own. `work` must not throw. Small numbers that
// would be denormal become 0 in these threads, because a processor computes with denormals up to 100 times
// slower.
void parallel_for(std::size_t count, std::size_t threads,
                  const std::function<void(std::size_t i, std::size_t thread)>& work);
