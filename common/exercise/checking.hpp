// Checks one answer: copies the student's files, builds them, runs the check.
#pragma once
#include <filesystem>
#include <string>

#include "common/exercise/answer_build.hpp"
#include "common/exercise/catalogue.hpp"
#include "common/exercise/report.hpp"

namespace exercise {

struct Checked {
    enum class State {
        solved,
        not_started,     // the skeleton as it was
        does_not_build,  // the compiler's message is in `message`
        not_solved,      // the report says why
        unreadable,      // a file is missing or is no regular file
    };
    State state = State::not_started;
    std::string message;
    std::string warnings;  // of the compiler
    CheckReport report;
};

std::string state_name(Checked::State state);  // "solved", "does not build"

// A file of the student. Throws FileError if it cannot be read, is too large, or stands behind a symbolic
// link, which could lead to somebody else's file.
std::string read_student_file(const Exercise& exercise, const std::filesystem::path& folder,
                              const std::string& name);

// `folder` holds the student's files of this exercise. No other file of it is read.
Checked check_answer(const BuiltExercises& built, const Exercise& exercise,
                     const std::filesystem::path& folder);

}  // namespace exercise
