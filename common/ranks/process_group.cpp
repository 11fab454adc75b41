#include "common/ranks/process_group.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "common/ranks/mpi.hpp"

namespace {

// The environment variables with the number of processes and this process's rank, for each launcher.
struct Variables {
    const char *launcher, *processes, *rank;
};
constexpr Variables launchers[] = {
    {"mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},  // Open MPI
    {"mpirun", "PMI_SIZE", "PMI_RANK"},                          // MPICH, Intel MPI, srun --mpi=pmi2
    {"srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},            // srun, whatever its --mpi
};

std::optional<std::size_t> number_in(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    const char* end = text + std::strlen(text);
    std::size_t number = 0;
    const auto [stop, error] = std::from_chars(text, end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

// The environment is read before MPI starts: MPI_Init takes a while, and a single process does not need it.
ProcessGroup::Launch read_launch() {
    for (const Variables& variables : launchers) {
        const std::optional<std::size_t> processes = number_in(variables.processes);
        const std::optional<std::size_t> rank = number_in(variables.rank);
        if (processes && rank && *processes > 0) return {variables.launcher, *processes, *rank};
    }
    return {};
}

}  // namespace

ProcessGroup::ProcessGroup() : launch_(read_launch()) {
    if (launch_.processes == 1) return;
    problem_ = mpi::start(launch_.processes);

    // The processes cannot reach each other, and rank 0 will report it. mpirun kills all processes as soon as
    // one fails. So the other ranks exit with success: rank 0 then has the time to print its message.
    if (problem_ && !speaks()) std::exit(EXIT_SUCCESS);
}

ProcessGroup::~ProcessGroup() {
    if (launch_.processes > 1 && !problem_) mpi::stop();
}

std::unique_ptr<Ranks> ProcessGroup::ranks(std::optional<std::size_t> world_size) const {
    if (launch_.processes == 1) return ranks_in_turn(world_size.value_or(1));

    const auto& [launcher, processes, rank] = launch_;
    if (problem_) {
        throw std::runtime_error(
            fmt::format("{0} started {1} processes, but {2}; or use --world-size {1} without {0}", launcher,
                        processes, *problem_));
    }
    if (world_size && *world_size != processes) {
        throw std::runtime_error(
            fmt::format("{0} started {1} ranks, --world-size says {2}: leave it out, or run without {0}",
                        launcher, processes, *world_size));
    }
    return mpi::ranks();
}
