#include "common/exercise/catalogue.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "common/exercise/lines.hpp"
#include "common/program/option_rules.hpp"

namespace exercise {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 4> kind_names = {"write", "predict", "repair", "pytorch"};

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    for (std::size_t start = 0;;) {
        const std::size_t end = text.find(separator, start);
        parts.push_back(text.substr(start, end - start));
        if (end == std::string::npos) return parts;
        start = end + separator.size();
    }
}

// The two first lines of an exercise's README: "# 3.1 Hide the future", "write · 10 minutes · ./walk 3, step
// 5".
void read_readme(Exercise& exercise) {
    const fs::path path = exercise.folder / "README.md";
    const std::vector<std::string> lines = lines_of(read_text_file(path));
    const std::string start = "# " + exercise.id() + " ";
    if (lines.empty() || !lines[0].starts_with(start))
        throw FileError(path, "it does not start with a title",
                        "write \"" + start + "Title\" as its first line");
    exercise.title = lines[0].substr(start.size());

    const std::vector<std::string> facts = split(lines.size() < 2 ? "" : lines[1], " · ");
    const auto kind = std::find(kind_names.begin(), kind_names.end(), facts[0]);
    if (facts.size() != 3 || kind == kind_names.end() || !facts[1].ends_with(" minutes"))
        throw FileError(path, "its second line is not \"kind · minutes · where the walk shows it\"",
                        "write for example \"write · 10 minutes · ./walk 3, step 5\"");
    exercise.kind = static_cast<Kind>(kind - kind_names.begin());
    exercise.minutes = std::atoi(facts[1].c_str());
    exercise.shown_in = facts[2];
}

// "## Hint 1" and so on; each says more than the one before.
void read_hints(Exercise& exercise) {
    const fs::path path = exercise.folder / "hints.md";
    std::vector<std::string> parts = split(read_text_file(path), "## Hint ");
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const std::size_t end = parts[i].find('\n');
        std::string hint = end == std::string::npos ? "" : parts[i].substr(end + 1);
        hint.erase(0, hint.find_first_not_of('\n'));
        hint.erase(hint.find_last_not_of('\n') + 1);
        exercise.hints.push_back(hint);
    }
    if (exercise.hints.size() != 3)
        throw FileError(path, "it does not have three hints",
                        "begin them with \"## Hint 1\", \"## Hint 2\", \"## Hint 3\"");
}

// Every other file is the student's; headers are given.
void read_files(Exercise& exercise) {
    constexpr std::array<const char*, 4> not_for_students = {"README.md", "hints.md", "check.cpp",
                                                             "check.txt"};
    for (const auto& entry : fs::directory_iterator(exercise.folder)) {
        const std::string name = entry.path().filename();
        if (std::find(not_for_students.begin(), not_for_students.end(), name) != not_for_students.end())
            continue;
        (name.ends_with(".hpp") ? exercise.given : exercise.files).push_back(name);
    }
    std::sort(exercise.files.begin(), exercise.files.end());
    std::sort(exercise.given.begin(), exercise.given.end());
}

}  // namespace

std::string kind_name(Kind kind) {
    return kind_names.at(static_cast<std::size_t>(kind));
}

std::string Exercise::id() const {
    return fmt::format("{}.{}", chapter, number);
}

fs::path Exercise::place() const {
    return fs::path(chapter_folder) / name;
}

std::string Exercise::solution_folder() const {
    return fmt::format("{:02}_{}", chapter, name);
}

std::vector<Exercise> read_exercises(const fs::path& checkout,
                                     const std::function<void(const FileError&)>& left_out) {
    std::vector<Exercise> all;
    for (const auto& chapter : fs::directory_iterator(checkout / "chapters")) {
        if (!fs::is_directory(chapter.path() / "exercises")) continue;
        for (const auto& folder : fs::directory_iterator(chapter.path() / "exercises")) {
            Exercise exercise;
            exercise.chapter_folder = chapter.path().filename();
            exercise.name = folder.path().filename();
            exercise.chapter = std::atoi(exercise.chapter_folder.c_str());
            exercise.number = std::atoi(exercise.name.c_str());
            exercise.folder = folder.path();
            if (exercise.number == 0) continue;
            try {
                read_readme(exercise);
                read_hints(exercise);
                read_files(exercise);
                all.push_back(std::move(exercise));
            } catch (const FileError& error) {
                left_out(error);
            }
        }
    }
    std::sort(all.begin(), all.end(), [](const Exercise& a, const Exercise& b) {
        return std::tie(a.chapter, a.number) < std::tie(b.chapter, b.number);
    });
    return all;
}

const Exercise& find_exercise(const std::vector<Exercise>& all, const std::string& id) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Exercise& exercise) { return exercise.id() == id; });
    if (found == all.end()) throw UsageError("there is no exercise " + id + "; ./walk exercise lists them");
    return *found;
}

std::string chapter_title(const fs::path& checkout, const std::string& chapter_folder) {
    const std::string first =
        lines_of(read_text_file(checkout / "chapters" / chapter_folder / "README.md")).at(0);
    const std::size_t colon = first.find(": ");
    return colon == std::string::npos ? first : first.substr(colon + 2);
}

std::string read_text_file(const fs::path& path, std::size_t most) {
    // A pipe or a device would never end, so the file is asked what it is before it is read.
    const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat about {};
    const bool regular = file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode);
    std::string text;
    if (regular && static_cast<std::size_t>(about.st_size) <= most) {
        text.resize(static_cast<std::size_t>(about.st_size));
        const ssize_t size = read(file, text.data(), text.size());
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    }
    if (file >= 0) close(file);
    if (file < 0) throw FileError(path, "it cannot be read", "is it there, and may you read it?");
    if (!regular) throw FileError(path, "it is no regular file", "put the file itself there");
    if (static_cast<std::size_t>(about.st_size) > most)
        throw FileError(path, fmt::format("it has {} bytes, and at most {} are read", about.st_size, most),
                        "make it smaller");
    return text;
}

}  // namespace exercise
