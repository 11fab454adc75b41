// The processes that a launcher (mpirun, srun) started together, or this process alone.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "common/ranks/ranks.hpp"

// The first object in main. Its constructor makes several processes a group, as PyTorch's
// init_process_group() does, and its destructor ends the group. A single process never starts MPI.
class ProcessGroup {
  public:
    ProcessGroup();
    ~ProcessGroup();
    ProcessGroup(const ProcessGroup&) = delete;
    ProcessGroup& operator=(const ProcessGroup&) = delete;

    [[nodiscard]] std::size_t rank() const { return launch_.rank; }
    [[nodiscard]] std::size_t processes() const { return launch_.processes; }

    // True in the one process that prints and saves: rank 0, or the only one.
    [[nodiscard]] bool speaks() const { return launch_.rank == 0; }

    // Each of several processes is one rank. A single process runs `world_size` ranks in turn, by default 1.
    // Throws std::runtime_error if the launcher started another number than `world_size`, and if the
    // processes cannot reach each other.
    [[nodiscard]] std::unique_ptr<Ranks> ranks(std::optional<std::size_t> world_size) const;

    // A launcher writes this into each process's environment.
    struct Launch {
        std::string launcher;
        std::size_t processes = 1, rank = 0;
    };

  private:
    Launch launch_;
    std::optional<std::string> problem_;  // why the processes cannot reach each other
};
