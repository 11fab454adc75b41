// Ranks that are processes: the only file that calls MPI. If a call of MPI fails, MPI's default error handler
// ends all processes.
#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "common/ranks/mpi.hpp"

namespace {

std::size_t world_size() {
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return static_cast<std::size_t>(size);
}

std::size_t own_rank() {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return static_cast<std::size_t>(rank);
}

// MPI counts in int.
constexpr std::size_t most = std::numeric_limits<int>::max();
int count(std::size_t size) {
    return static_cast<int>(size);
}

// The state that a rank reports to the others before a sum.
struct State {
    enum Kind : std::uint64_t { ready, failed, gone };
    std::uint64_t kind, length;  // ready: `length` numbers; failed: a message of `length` characters
};

// Each rank sends its state to all others, and only then do they start a sum. So no rank waits in a sum for a
// rank that has stopped.
std::vector<State> exchange(const State& own) {
    std::vector<State> states(world_size());
    MPI_Allgather(&own, 2, MPI_UINT64_T, states.data(), 2, MPI_UINT64_T, MPI_COMM_WORLD);
    return states;
}

// The first rank of that kind, or the number of ranks if there is none.
std::size_t first(const std::vector<State>& states, State::Kind kind) {
    const auto found =
        std::find_if(states.begin(), states.end(), [&](const State& s) { return s.kind == kind; });
    return static_cast<std::size_t>(found - states.begin());
}

class MpiRanks final : public Ranks {
  public:
    [[nodiscard]] std::size_t world_size() const override { return ::world_size(); }

    [[nodiscard]] Reduced all_reduce(const Work& work) const override {
        return gather_and_sum(work_with_all(work));
    }

  private:
    // This rank's result. Returns only after all other ranks have reported that they have theirs.
    static std::vector<float> work_with_all(const Work& work) {
        std::vector<float> own;
        std::optional<std::string> error;
        try {
            own = work(own_rank());
            if (own.size() > most) {
                throw std::length_error(fmt::format("MPI adds up {} numbers at most", most));
            }
        } catch (const std::exception& exception) {
            error = exception.what();
        }
        const std::vector<State> states =
            exchange(error ? State{State::failed, error->size()} : State{State::ready, own.size()});

        // A rank that has stopped takes part in no further calls.
        const std::size_t gone = first(states, State::gone), failed = first(states, State::failed);
        if (gone < states.size()) {
            throw std::runtime_error(
                error.value_or(fmt::format("rank {} stopped before its part of the sum was done", gone)));
        }
        // If one rank failed, every rank throws its error, so that no rank is left waiting.
        if (failed < states.size()) {
            std::string message = error.value_or("");
            message.resize(states[failed].length);
            MPI_Bcast(message.data(), count(message.size()), MPI_CHAR, count(failed), MPI_COMM_WORLD);
            throw std::runtime_error(message);
        }
        std::vector<std::size_t> lengths;
        for (const State& state : states) lengths.push_back(state.length);
        check_equally_long(lengths);
        return own;
    }

    // All ranks have arrived here. An exception in one would leave the others waiting; noexcept ends all of
    // them.
    static Reduced gather_and_sum(const std::vector<float>& own) noexcept {
        const int length = count(own.size());

        // The partial results of all ranks, for readers who want to look at them,
        std::vector<float> gathered(own.size() * ::world_size());
        MPI_Allgather(own.data(), length, MPI_FLOAT, gathered.data(), length, MPI_FLOAT, MPI_COMM_WORLD);
        Reduced reduced;
        for (std::size_t rank = 0; rank < ::world_size(); ++rank) {
            const float* partial = gathered.data() + rank * own.size();
            reduced.partials.emplace_back(partial, partial + own.size());
        }

        // and their sum, as MPI itself adds it up.
        reduced.sum.resize(own.size());
        MPI_Allreduce(own.data(), reduced.sum.data(), length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        return reduced;
    }
};

}  // namespace

namespace mpi {

std::optional<std::string> start(std::size_t processes) {
    MPI_Init(nullptr, nullptr);
    if (world_size() == processes) return std::nullopt;

    // If the mpirun of another MPI started the processes, each of them finds a group of one.
    MPI_Finalize();
    return "for another MPI than this program was built with: start it with " ATTN_MPIRUN;
}

std::unique_ptr<Ranks> ranks() {
    return std::make_unique<MpiRanks>();
}

void stop() {
    // Other ranks may still start a sum. This rank reports that it has stopped until all of them have
    // stopped, too.
    const auto is_gone = [](const State& state) { return state.kind == State::gone; };
    for (bool all_gone = false; !all_gone;) {
        const std::vector<State> states = exchange({State::gone, 0});
        all_gone = std::all_of(states.begin(), states.end(), is_gone);
    }
    MPI_Finalize();
}

}  // namespace mpi
