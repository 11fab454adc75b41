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

    // Has every rank do its work (the argument is its number, from 0) and adds up the results. In turn,
    // `work` is called once for each rank; where ranks are processes, once in each.
    //
    // What the work of one rank throws, all_reduce throws on every rank. Throws std::invalid_argument if the
    // results are not equally long.
    using Work = std::function<std::vector<float>(std::size_t rank)>;
    [[nodiscard]] virtual Reduced all_reduce(const Work& work) const = 0;
};

// All ranks one after the other in this process. Throws std::invalid_argument if there is none.
std::unique_ptr<Ranks> ranks_in_turn(std::size_t world_size);

// For those who make ranks: throws std::invalid_argument that names the first rank whose result is not as
// long as that of rank 0.
void check_equally_long(const std::vector<std::size_t>& lengths);
