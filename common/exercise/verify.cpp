#include "common/exercise/verify.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/exercise/checking.hpp"
#include "common/exercise/feedback.hpp"
#include "common/write_out.hpp"

namespace exercise {
namespace {

namespace fs = std::filesystem;

// One line of the result; what is not as promised is followed by the feedback.
bool say(bool good, const std::string& what, const Exercise& exercise, const Checked& checked) {
    write_out(fmt::format("  {} {}\n", good ? "✓" : "✗", what));
    if (!good) write_out(feedback(exercise, checked));
    return good;
}

bool verify_skeleton(const BuiltExercises& built, const Exercise& exercise) {
    const Checked checked = check_answer(built, exercise, exercise.folder);
    const TestReport* failed = checked.report.told_failure();
    // The skeleton of a repair is a bug that compiles. It passes the first test, which is the friendly one.
    const bool is_repair = exercise.kind == Kind::repair;
    const Outcome promised = is_repair ? Outcome::wrong : Outcome::missing;
    bool good =
        checked.state == Checked::State::not_started && failed != nullptr && failed->outcome == promised;
    if (is_repair && good) good = checked.report.tests.front().outcome == Outcome::passed;
    return say(good, fmt::format("skeleton: {}", failed == nullptr ? "no test fails" : failed->problem),
               exercise, checked);
}

bool verify_wrong(const BuiltExercises& built, const Exercise& exercise, const fs::path& folder) {
    const std::string name = folder.filename(), promised = name.substr(0, name.rfind('_'));
    const Checked checked = check_answer(built, exercise, folder);
    const TestReport* failed = checked.report.told_failure();
    const std::string named = failed == nullptr ? "nothing fails"
                              : failed->cause   ? failed->cause->id
                                                : "no cause, " + outcome_name(failed->outcome);
    const bool good = checked.state == Checked::State::not_solved &&
                      (named == promised || named == "no cause, " + promised);
    return say(good, fmt::format("wrong/{}: {}", name, named), exercise, checked);
}

bool verify_one(const BuiltExercises& built, const Exercise& exercise) {
    write_out(fmt::format("{} {}\n", exercise.id(), exercise.title));
    bool good = verify_skeleton(built, exercise);
    const fs::path answers = built.checkout / "tests" / "exercises" / exercise.solution_folder();
    const Checked solved = check_answer(built, exercise, answers / "solution");
    good = say(solved.state == Checked::State::solved, "solution: " + state_name(solved.state), exercise,
               solved) &&
           good;

    std::vector<fs::path> folders;
    if (fs::is_directory(answers / "wrong"))
        for (const auto& folder : fs::directory_iterator(answers / "wrong")) folders.push_back(folder.path());
    std::sort(folders.begin(), folders.end());
    for (const fs::path& folder : folders) good = verify_wrong(built, exercise, folder) && good;
    return good;
}

}  // namespace

int verify(const BuiltExercises& built, const std::vector<Exercise>& all,
           const std::optional<std::string>& id, const std::function<void(const Exercise&)>& require_built) {
    if (id) find_exercise(all, *id);
    bool good = true;
    for (const Exercise& exercise : all) {
        if (id && exercise.id() != *id) continue;
        require_built(exercise);
        good = verify_one(built, exercise) && good;
    }
    return good ? 0 : 1;
}

}  // namespace exercise
