// ./walk exercise watch: checks an exercise whenever one of its files is saved.
#pragma once
#include <functional>
#include <vector>

#include "common/exercise/catalogue.hpp"
#include "common/exercise/workplace.hpp"

namespace exercise {

// Checks `first`, and again after each change of its files. `check` shows the result, and returns whether it
// is solved; then the next unsolved exercise is watched. Returns when all are solved. Throws Interrupted.
void watch(const Workplace& workplace, const std::vector<Exercise>& all, const Exercise& first,
           const std::function<bool(const Exercise&)>& check);

// The first exercise that is not solved, from `after` on and then from the start; null if all are.
const Exercise* next_unsolved(const Workplace& workplace, const std::vector<Exercise>& all,
                              const Exercise* after);

}  // namespace exercise
