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

// "files" of "files/csv.hpp", "" of a file that stands in common/ itself.
std::string room_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.begin()->string() : "";
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
    for (const auto& file : std::filesystem::recursive_directory_iterator(SOURCE_DIR "/chapters")) {
        const bool is_inside =
            has(file.path().string(), "/exercises/") || has(file.path().string(), "/bugs/");
        if (!is_inside || !file.is_regular_file()) continue;
        const int chapter =
            std::stoi(std::filesystem::relative(file.path(), SOURCE_DIR "/chapters").string());
        for (const int included : chapters_included_by(file.path())) {
            CAPTURE(file.path());
            CHECK(included <= chapter);
        }
    }
    for (const auto& file : std::filesystem::recursive_directory_iterator(SOURCE_DIR "/common")) {
        if (file.is_regular_file()) CHECK(chapters_included_by(file.path()).empty());
    }
}

// The rooms of common/, in their order: a room includes from itself and from those before it. Ranks stand on
// the base alone.
TEST_CASE("the rooms of common/: includes run one way") {
    const std::vector<std::string> rooms = {"",        "bench",   "torch", "files",    "document", "render",
                                            "compare", "program", "bug",   "exercise", "cuda"};
    const auto place_of = [&](const std::string& room) {
        return std::find(rooms.begin(), rooms.end(), room) - rooms.begin();
    };
    const std::string include = "#include \"common/";
    int includes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(SOURCE_DIR "/common")) {
        if (!file.is_regular_file()) continue;
        const std::string room = room_of(std::filesystem::relative(file.path(), SOURCE_DIR "/common"));
        const std::string text = text_of(file.path());
        for (std::size_t at = text.find(include); at != std::string::npos; at = text.find(include, at + 1)) {
            const std::size_t start = at + include.size();
            const std::string included = text.substr(start, text.find('"', start) - start);
            CAPTURE(file.path(), included);
            if (room == "ranks") {
                CHECK((room_of(included) == "ranks" || room_of(included).empty()));
            } else {
                REQUIRE(place_of(room) < static_cast<std::ptrdiff_t>(rooms.size()));
                CHECK(place_of(room_of(included)) <= place_of(room));
            }
            ++includes;
        }
    }
    CHECK(includes > 100);
}

// An option, a member or a case for one chapter has no place in common/.
TEST_CASE("common/ knows no chapter's option") {
    for (const auto& file : std::filesystem::recursive_directory_iterator(SOURCE_DIR "/common")) {
        if (!file.is_regular_file()) continue;
        const std::string room = room_of(std::filesystem::relative(file.path(), SOURCE_DIR "/common"));
        if (room == "ranks") continue;  // tensor parallelism itself
        const std::string text = text_of(file.path());
        for (const char* word : {"world_size", "--world-size", "--size"}) {
            CAPTURE(file.path(), word);
            CHECK_FALSE(has(text, word));
        }
        if (room == "cuda") continue;  // kernels, and the options that their chapters share
        for (const char* word : {"\"--device\"", "\"--warp\"", "Device::"}) {
            CAPTURE(file.path(), word);
            CHECK_FALSE(has(text, word));
        }
    }
}

TEST_CASE("walk --help and walk list answer at once") {
    const Finished help = walk("--help");
    CHECK(help.status == 0);
    for (const char* word :
         {"./walk", "./walk 3", "list", "exercise", "grade", "bug", "bench", "test", "doctor"})
        CHECK(has(help.output, word));

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
