// Grades many submissions: who solved what. A submission is a student's folder, as `start` made it.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/exercise/checking.hpp"

namespace exercise {

struct GradeOptions {
    std::vector<std::filesystem::path> submissions;
    std::optional<std::string> junit, csv;  // reports go into these files
    bool json = false;                      // the report for programs instead of the table
};

// A row of the table: one state for each exercise.
struct Grades {
    std::string submission;
    std::vector<Checked> checked;

    [[nodiscard]] std::size_t solved() const;
};

// Checks all exercises of all submissions, side by side on all cores. Of a submission only the named files
// are read; checks and headers come from this checkout. Equal answers are checked once. Throws FileError if
// no submission is a folder.
std::vector<Grades> grade(const BuiltExercises& built, const std::vector<Exercise>& exercises,
                          const std::vector<std::filesystem::path>& submissions);

std::string table_of(const std::vector<Grades>& grades, const std::vector<Exercise>& exercises);
std::string grades_as_json(const std::vector<Grades>& grades, const std::vector<Exercise>& exercises);
std::string grades_as_csv(const std::vector<Grades>& grades, const std::vector<Exercise>& exercises);
std::string grades_as_junit(const std::vector<Grades>& grades, const std::vector<Exercise>& exercises);

}  // namespace exercise
