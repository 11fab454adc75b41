// The ranks of tensor parallelism: several workers that each compute a part and add up their results. In one
// process the ranks take turns; under mpirun each rank is a process. The code that uses them is the same.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

class Ranks {
  public:
    Ranks() = default;
    virtual ~Ranks() = default;
    Ranks(const Ranks&) = delete;
    Ranks& operator=(const Ranks&) = delete;

    [[nodiscard]] virtual std::size_t world_size() const = 0;

    // The result of each rank, in the order of ranks, and their sum, which every rank holds after an
    // all-reduce.
    struct Reduced {
        std::vector<std::vector<float>> partials;
        std::vector<float> sum;
    };

    // Every rank calls `work` with its number (from 0), and all_reduce adds up the results. Ranks in turn
    // call it one after the other; where ranks are processes, each process calls it once.
    //
    // If `work` throws on one rank, all_reduce throws the same on every rank. Throws std::invalid_argument if
    // the results are not equally long.
    using Work = std::function<std::vector<float>(std::size_t rank)>;
    [[nodiscard]] virtual Reduced all_reduce(const Work& work) const = 0;
};

// All ranks take turns in this process. Throws std::invalid_argument if `world_size` is 0.
std::unique_ptr<Ranks> ranks_in_turn(std::size_t world_size);

// For implementations of Ranks: throws std::invalid_argument with the number of the first rank whose result
// is not as long as that of rank 0.
void check_equally_long(const std::vector<std::size_t>& lengths);
