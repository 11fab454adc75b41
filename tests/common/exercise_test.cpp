// The parts of the exercises that need no compiler: which folders are exercises, and how a task is shown.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "common/exercise/catalogue.hpp"
#include "common/exercise/feedback.hpp"
#include "common/exercise/grade.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace fs = std::filesystem;

TEST_CASE("exercises: a folder that lacks something is left out, with its reason, and the others stay") {
    const TemporaryFolder checkout;
    const fs::path chapter = checkout.path("chapters/01_first/exercises");
    const auto write = [&](const std::string& name, const std::string& text) {
        fs::create_directories((chapter / name).parent_path());
        std::ofstream(chapter / name) << text;
    };
    const std::string facts = "write · 10 minutes · ./walk 1, step 5\n",
                      hints = "## Hint 1\na\n## Hint 2\nb\n## Hint 3\nc\n";
    write("1_whole/README.md", "# 1.1 Whole\n" + facts);
    write("1_whole/hints.md", hints);
    write("2_no_readme/hints.md", hints);
    write("3_no_hints/README.md", "# 1.3 No hints\n" + facts);
    write("4_another_number/README.md", "# 1.5 Another number\n" + facts);
    write("5_no_minutes/README.md", "# 1.5 No minutes\nwrite · ./walk 1, step 5\n");
    write("notes/README.md", "no exercise");

    std::vector<std::string> reasons;
    const auto exercises = exercise::read_exercises(
        checkout.path(""), [&](const FileError& error) { reasons.push_back(error.what()); });
    REQUIRE(exercises.size() == 1);
    CHECK(exercises[0].id() == "1.1");
    CHECK(exercises[0].minutes == 10);
    std::sort(reasons.begin(), reasons.end());
    REQUIRE(reasons.size() == 4);
    CHECK(has(reasons[0], "2_no_readme/README.md: it cannot be read"));
    CHECK(has(reasons[1], "3_no_hints/hints.md: it cannot be read"));
    CHECK(has(reasons[2], "4_another_number/README.md: it does not start with a title"));
    CHECK(has(reasons[3], "5_no_minutes/README.md: its second line is not"));
}

TEST_CASE("exercises: chapter 10 comes after chapter 9, and exercise 10 after exercise 9") {
    const TemporaryFolder checkout;
    const std::string facts = "write · 10 minutes · ./walk 1, step 5\n";
    for (const char* place : {"10_last/exercises/1_a", "01_first/exercises/10_b", "01_first/exercises/9_c",
                              "09_before/exercises/2_d", "02_second/exercises/1_e"}) {
        const fs::path folder = checkout.path("chapters/" + std::string(place));
        fs::create_directories(folder);
        const std::string name = place;
        const int chapter = std::stoi(name), number = std::stoi(name.substr(name.rfind('/') + 1));
        std::ofstream(folder / "README.md") << fmt::format("# {}.{} Title\n", chapter, number) << facts;
        std::ofstream(folder / "hints.md") << "## Hint 1\na\n## Hint 2\nb\n## Hint 3\nc\n";
    }
    const auto exercises =
        exercise::read_exercises(checkout.path(""), [](const FileError& error) { FAIL(error.what()); });
    std::vector<std::string> ids;
    for (const exercise::Exercise& each : exercises) ids.push_back(each.id());
    CHECK(ids == std::vector<std::string>{"1.9", "1.10", "2.1", "9.2", "10.1"});
    CHECK(exercise::find_exercise(exercises, "10.1").solution_folder() == "10_1_a");
    CHECK(exercise::find_exercise(exercises, "1.10").solution_folder() == "01_10_b");

    // Three characters and four take the same width in the teacher's table.
    const std::vector<exercise::Grades> none = {{"anna", std::vector<exercise::Checked>(exercises.size())}};
    const std::string table = exercise::table_of(none, exercises);
    CHECK(has(table, "submission  1.9 1.10  2.1  9.2 10.1  solved\n"));
    CHECK(has(table, "anna        ·    ·    ·    ·    ·    0 of 5\n"));
}

TEST_CASE("exercises: a task in a terminal: an item of a list goes on in the lines below it") {
    CHECK(exercise::markdown_as_text("**What.** Write two\nfunctions:\n\n"
                                     "- `absorb`: each head's q_nope times its W_UK,\n  which is as wide as\n"
                                     "  a latent and not as wide as a key;\n"
                                     "- `scores`.\n\nThe end.\n") ==
          "  What. Write two functions:\n\n"
          "  - `absorb`: each head's q_nope times its W_UK, which is as wide as a latent\n"
          "    and not as wide as a key;\n"
          "  - `scores`.\n\n"
          "  The end.\n");
    // Tables and code keep their lines.
    CHECK(exercise::markdown_as_text("| a | b |\n|---|---|\n\n```cpp\n- x\n  y\n```\n") ==
          "  | a | b |\n  |---|---|\n\n  - x\n    y\n");
}
