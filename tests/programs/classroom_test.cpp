// What a teacher is told: docs/classroom.md names exercises that exist, with their minutes, and adds them up
// right. And how many exercises there are.
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "common/exercise/catalogue.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<exercise::Exercise> all_exercises() {
    return exercise::read_exercises(SOURCE_DIR, [](const FileError& error) { FAIL(error.what()); });
}

// Calls `action` with each match of the pattern in the text.
template <class Action>
void for_each_match(const std::string& text, const std::string& pattern, Action action) {
    const std::regex expression(pattern);
    for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match)
        action(*match);
}

}  // namespace

TEST_CASE("docs/classroom.md names exercises that exist, and its minutes are right") {
    std::map<std::string, int> minutes;
    for (const exercise::Exercise& each : all_exercises()) minutes[each.id()] = each.minutes;
    const std::string page = contents_of(SOURCE_DIR "/docs/classroom.md");

    // Every number with a point in it is an exercise.
    int named = 0;
    for_each_match(page, R"((\d+\.\d+))", [&](const std::smatch& id) {
        CAPTURE(id.str());
        CHECK(minutes.count(id.str()) == 1);
        ++named;
    });
    CHECK(named > 100);

    // A cell of a plan: "1.2 (8), 1.1 (10): 18 minutes".
    int cells = 0;
    for_each_match(page, R"(\| ([^|]*\)): (\d+) minutes)", [&](const std::smatch& cell) {
        CAPTURE(cell.str());
        int sum = 0;
        std::set<std::string> in_cell;
        for_each_match(cell.str(1), R"((\d+\.\d+) \((\d+)\))", [&](const std::smatch& part) {
            CHECK(minutes[part.str(1)] == std::stoi(part.str(2)));
            CHECK(in_cell.insert(part.str(1)).second);
            sum += std::stoi(part.str(2));
        });
        CHECK(sum == std::stoi(cell.str(2)));
        ++cells;
    });
    CHECK(cells == 2 * (4 + 8 + 12 + 2));
}

TEST_CASE("docs/classroom.md: no plan gives an exercise twice") {
    const std::string page = contents_of(SOURCE_DIR "/docs/classroom.md");
    for (const int sessions : {4, 8, 12}) {
        const std::size_t start = page.find("### " + std::to_string(sessions) + " sessions");
        REQUIRE(start != std::string::npos);
        const std::string plan = page.substr(start, page.find("\n#", start) - start);
        std::set<std::string> given;
        for_each_match(plan, R"((\d+\.\d+) \()", [&](const std::smatch& id) {
            CAPTURE(sessions, id.str(1));
            CHECK(given.insert(id.str(1)).second);
        });
        CHECK(given.size() > 20);
    }
}

TEST_CASE("docs/classroom_autograding.yml does nothing with the exercises but ./walk grade") {
    int calls = 0;
    for_each_match(contents_of(SOURCE_DIR "/docs/classroom_autograding.yml"), R"(\n\s+run: (.*))",
                   [&](const std::smatch& run) {
                       CAPTURE(run.str(1));
                       if (run.str(1).starts_with("apt-get ")) return;
                       CHECK(run.str(1).starts_with("checks/walk grade student "));
                       ++calls;
                   });
    CHECK(calls == 1);
}

TEST_CASE("exercises: at least 40, four in each chapter, of all kinds, and 60 wrong answers with a cause") {
    const std::vector<exercise::Exercise> all = all_exercises();
    CHECK(all.size() >= 40);
    std::map<int, std::size_t> in_chapter;
    std::map<exercise::Kind, std::size_t> of_kind;
    std::size_t wrong_answers = 0;
    for (const exercise::Exercise& each : all) {
        CAPTURE(each.id());
        ++in_chapter[each.chapter];
        ++of_kind[each.kind];
        // exercise_N.M of ctest tries each of these: a name that is no cause ("crashed_1") is an outcome.
        const std::string answers = SOURCE_DIR "/tests/exercises/" + each.solution_folder();
        CHECK(fs::is_directory(answers + "/solution"));
        REQUIRE(fs::is_directory(answers + "/wrong"));
        for (const auto& wrong : fs::directory_iterator(answers + "/wrong")) {
            const std::string name = wrong.path().filename();
            if (!std::regex_match(name, std::regex("(crashed|timed out|wrong|not run)_\\d+")))
                ++wrong_answers;
        }
    }
    CHECK(in_chapter.size() >= 8);
    for (const auto& [chapter, count] : in_chapter) {
        CAPTURE(chapter);
        CHECK(count >= 4);
    }
    CHECK(of_kind.size() == 4);
    for (const auto& [kind, count] : of_kind) {
        CAPTURE(exercise::kind_name(kind));
        CHECK(count >= 6);
    }
    CHECK(wrong_answers >= 60);
}
