// The process group's interface to MPI. mpi_ranks.cpp implements it, and without_mpi.cpp does in a build
// without MPI.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "common/ranks/ranks.hpp"

namespace mpi {

// MPI_Init: makes a group of the `processes` that a launcher has started. Returns the reason if it cannot,
// and otherwise nothing. Call the other two functions only if it returned nothing.
std::optional<std::string> start(std::size_t processes);

// One rank for each process. The processes exchange their results, and MPI_Allreduce adds them up.
std::unique_ptr<Ranks> ranks();

// MPI_Finalize: leaves the group. Processes that still wait for this one's result get an error.
void stop();

}  // namespace mpi
