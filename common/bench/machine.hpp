// The machine that a time belongs to.
#pragma once
#include <cstddef>
#include <string>

namespace bench {

struct Machine {
    std::string processor;      // its model's name
    std::size_t cores = 1;      // that this process may use
    std::string threads, blas;  // "OpenMP" or "std::thread"; "OpenBLAS 0.3.21 ..."
};

Machine this_machine();

}  // namespace bench
