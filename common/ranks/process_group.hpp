// The processes that were started together: several by mpirun or srun, or just this one.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "common/ranks/ranks.hpp"

// The first thing in main. Several processes become a group here, as with PyTorch's init_process_group(), and
// take leave of each other at the end. A lone process never starts MPI.
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

    // Several processes are a rank each. A lone process runs `world_size` ranks in turn, 1 if nothing is
    // said. Throws std::runtime_error if the launcher started another number than `world_size`, and if the
    // processes cannot reach each other.
    [[nodiscard]] std::unique_ptr<Ranks> ranks(std::optional<std::size_t> world_size) const;

    // What a launcher tells each process in its environment.
    struct Launch {
        std::string launcher;
        std::size_t processes = 1, rank = 0;
    };

  private:
    Launch launch_;
    std::optional<std::string> problem_;  // why the processes cannot reach each other
};
