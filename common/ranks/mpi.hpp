// What the process group asks of MPI. mpi_ranks.cpp answers; without_mpi.cpp where MPI was not there to build
// with.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "common/ranks/ranks.hpp"

namespace mpi {

// Makes the `processes` that a launcher has started a group: MPI_Init. Returns what stands in the way, or
// nothing; only then the other two functions may be called.
std::optional<std::string> start(std::size_t processes);

// A rank for each process: what they compute travels, and MPI_Allreduce adds it up.
std::unique_ptr<Ranks> ranks();

// Takes leave of the other processes: MPI_Finalize. Those that still wait for this one's part get an error.
void stop();

}  // namespace mpi
