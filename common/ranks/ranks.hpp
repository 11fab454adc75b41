// Ranks of tensor parallelism: several workers that each compute a part, and add up what they have. In one
// process they take turns; under mpirun each is a process of its own. The code that uses them is the same.
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

    // What each rank computed, in their order, and the sum of all: what every rank holds after an all-reduce.
    struct Reduced {
        std::vector<std::vector<float>> partials;
        std::vector<float> sum;
    };

    // Has every rank do its work (the argument is its number, from 0) and adds up the results, which must be
    // equally long. Throws std::invalid_argument if they are not.
    [[nodiscard]] virtual Reduced all_reduce(
        const std::function<std::vector<float>(std::size_t rank)>& work) const = 0;
};

// All ranks one after the other in this process.
std::unique_ptr<Ranks> ranks_in_turn(std::size_t world_size);
