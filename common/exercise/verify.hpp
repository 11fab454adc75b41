// For authors of exercises, and for the tests: does an exercise do what it promises?
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/exercise/answer_build.hpp"
#include "common/exercise/catalogue.hpp"

namespace exercise {

// Checks one exercise, or all: its skeleton is "not written yet", the solution in
// tests/exercises/NN_M_name/solution/ solves it, and for each folder wrong/CAUSE_n/ the feedback names CAUSE.
// Prints a line for each. Returns the exit status.
int verify(const BuiltExercises& built, const std::vector<Exercise>& all,
           const std::optional<std::string>& id, const std::function<void(const Exercise&)>& require_built);

}  // namespace exercise
