// The rules of the house that a reader relies on: the staircase, and the one command.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/text.hpp"

namespace {

std::string text_of(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// The chapters that a file includes from.
std::vector<int> chapters_included_by(const std::filesystem::path& path) {
    const std::string text = text_of(path), include = "#include \"chapters/";
    std::vector<int> chapters;
    for (std::size_t at = text.find(include); at != std::string::npos; at = text.find(include, at + 1)) {
        chapters.push_back(std::stoi(text.substr(at + include.size(), 2)));
    }
    return chapters;
}

Finished walk(const std::string& arguments) {
    return run_piped(std::string("'") + SOURCE_DIR + "/walk' " + arguments,
                     {"LANG=C.UTF-8", "HOME=/nonexistent"});
}

}  // namespace

TEST_CASE("the staircase: includes run down the stairs only") {
    int files = 0;
    for (int chapter = 1; chapter <= chapter_count; ++chapter) {
        for (const auto& file :
             std::filesystem::directory_iterator(SOURCE_DIR "/chapters/" + folder(chapter))) {
            if (!file.is_regular_file()) continue;
            for (const int included : chapters_included_by(file.path())) {
                CAPTURE(file.path());
                CHECK(included <= chapter);
            }
            ++files;
        }
    }
    CHECK(files > 20);
    for (const auto& file : std::filesystem::recursive_directory_iterator(SOURCE_DIR "/common")) {
        if (file.is_regular_file()) CHECK(chapters_included_by(file.path()).empty());
    }
}

TEST_CASE("walk --help and walk list answer at once") {
    const Finished help = walk("--help");
    CHECK(help.status == 0);
    for (const char* word : {"./walk", "./walk 3", "list", "test", "doctor"}) CHECK(has(help.output, word));

    const Finished list = walk("list");
    CHECK(list.status == 0);
    for (int chapter = 1; chapter <= chapter_count; ++chapter) {
        CHECK(has(list.output, folder(chapter)));
    }
}

TEST_CASE("walk refuses what it does not know in one line") {
    const std::string wrong = GENERATE(as<std::string>{}, "99", "0", "dance", "--wat", "3x");
    const Finished finished = walk(wrong);
    CAPTURE(wrong);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    CHECK(has(finished.errors, wrong));
    CHECK(has(finished.errors, "./walk --help"));
}

TEST_CASE("walk doctor tells what is there and how to get the rest") {
    const Finished doctor = walk("doctor");
    for (const char* word : {"C++ compiler", "CMake", "xtensor", "BLAS", "MPI", "apt-get install",
                             "dnf install", "pacman -S", "brew install", "conda install", "untested"}) {
        CAPTURE(word);
        CHECK(has(doctor.output, word));
    }
}
