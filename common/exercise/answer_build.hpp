// Compiles a student's files and links them with the check, with one compiler call a file.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "common/exercise/catalogue.hpp"

namespace exercise {

// Where this build keeps the checks and the commands that compile a student's file (cmake/Exercises.cmake).
struct BuiltExercises {
    std::filesystem::path checkout, folder, programs;

    [[nodiscard]] std::filesystem::path check(const Exercise& exercise) const;
    [[nodiscard]] bool has(const Exercise& exercise) const;
};

struct AnswerBuild {
    bool built = false;
    std::string message;  // of the compiler or the linker; warnings, if it was built
    std::string program;  // the student's process
};

// Builds the answer from the files in `folder`, which hold exactly the student's files. Everything it writes
// is in `folder`.
AnswerBuild build_answer(const BuiltExercises& built, const Exercise& exercise,
                         const std::filesystem::path& folder);

}  // namespace exercise
