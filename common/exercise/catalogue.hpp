// The exercises of the checkout, read from their folders.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/files/file_error.hpp"

namespace exercise {

enum class Kind { write, predict, repair, pytorch };

struct Exercise {
    int chapter = 0, number = 0;
    std::string chapter_folder;  // "03_causal_mask_and_dropout"
    std::string name;            // "1_hide_the_future", its folder
    std::string title;           // "Hide the future"
    Kind kind = Kind::write;
    int minutes = 0;
    std::string shown_in;            // "./walk 3, step 5"
    std::filesystem::path folder;    // in the checkout
    std::vector<std::string> files;  // what the student edits: "hide_the_future.cpp"
    std::vector<std::string> given;  // what the student only reads: headers
    std::vector<std::string> hints;

    [[nodiscard]] std::string id() const;  // "3.1"
    // Where it stands below a student's folder: "03_causal_mask_and_dropout/1_hide_the_future".
    [[nodiscard]] std::filesystem::path place() const;
    // The folder in tests/exercises/ with its solution: "03_1_hide_the_future".
    [[nodiscard]] std::string solution_folder() const;
};

std::string kind_name(Kind kind);  // "write"

// All exercises, in order. A folder that lacks something (its README's two first lines, hints) is left out,
// and `left_out` gets the reason.
std::vector<Exercise> read_exercises(const std::filesystem::path& checkout,
                                     const std::function<void(const FileError&)>& left_out);

// The exercise "3.1". Throws UsageError if there is none.
const Exercise& find_exercise(const std::vector<Exercise>& all, const std::string& id);

// The first line of a chapter's README without "# Chapter 3: ".
std::string chapter_title(const std::filesystem::path& checkout, const std::string& chapter_folder);

// The whole file. Throws FileError if it is no regular file, cannot be read or is larger than `most` bytes.
std::string read_text_file(const std::filesystem::path& path, std::size_t most = std::size_t{1} << 20U);

}  // namespace exercise
