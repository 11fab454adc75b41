// Exercises in PyTorch: a notebook with gaps. The student runs it where PyTorch is; what it printed is
// compared with the chapter's tensors, so grading needs no PyTorch.
#pragma once
#include <filesystem>

#include "common/exercise/answer_build.hpp"
#include "common/exercise/report.hpp"

namespace exercise {

// The tensors that must agree are in the exercise's check.txt, one name a line, as ./walk N --save names
// them.
CheckReport check_notebook(const BuiltExercises& built, const Exercise& exercise,
                           const std::filesystem::path& notebook);

// In bytes. A notebook carries its outputs.
std::size_t largest_student_file(const Exercise& exercise);

}  // namespace exercise
