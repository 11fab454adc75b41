#include "common/exercise/checking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>

#include "common/exercise/limited_process.hpp"
#include "common/exercise/notebook.hpp"
#include "common/files/file_error.hpp"

namespace exercise {
namespace {

namespace fs = std::filesystem;

// A folder for the build of one answer, which goes with it.
class BuildFolder {
  public:
    BuildFolder() {
        std::string name = fs::temp_directory_path() / "attn_exercise.XXXXXX";
        if (mkdtemp(name.data()) == nullptr)
            throw FileError(name, "no folder can be made there", "is there space, and may you write there?");
        path_ = name;
    }
    ~BuildFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    BuildFolder(const BuildFolder&) = delete;
    BuildFolder& operator=(const BuildFolder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

// Ten seconds for each test, and one test that times out is the last.
constexpr Limits check_limits{.seconds = 120, .memory = 0, .output = 64U << 20U};

CheckReport run_check(const fs::path& check, const std::vector<std::string>& arguments) {
    std::vector<std::string> command{check};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Ended ended = run_limited(command, "/", check_limits);
    if (ended.timed_out) {
        TestReport all;
        all.title = "all tests";
        all.outcome = Outcome::timed_out;
        all.problem = fmt::format("together they ran for more than {} seconds", check_limits.seconds);
        return {{all}};
    }
    const auto report = report_from_json(ended.output);
    if (!report)
        throw FileError(check, fmt::format("it gave no report, and ended with status {}", ended.status),
                        "build it again; " + ended.output.substr(0, 200));
    return *report;
}

}  // namespace

std::string state_name(Checked::State state) {
    constexpr std::array<const char*, 5> names = {"solved", "not started", "does not build", "not solved",
                                                  "unreadable"};
    return names.at(static_cast<std::size_t>(state));
}

std::string read_student_file(const Exercise& exercise, const fs::path& folder, const std::string& name) {
    for (const fs::path& path : {folder.parent_path(), folder, folder / name}) {
        if (fs::is_symlink(path)) throw FileError(path, "it is a symbolic link", "put the file itself there");
    }
    return read_text_file(folder / name, largest_student_file(exercise));
}

Checked check_answer(const BuiltExercises& built, const Exercise& exercise, const fs::path& folder) {
    Checked checked;
    std::map<std::string, std::string> files;
    bool changed = false;
    try {
        for (const std::string& name : exercise.files) {
            files[name] = read_student_file(exercise, folder, name);
            changed = changed || files[name] != read_student_file(exercise, exercise.folder, name);
        }
    } catch (const FileError& error) {
        checked.state = Checked::State::unreadable;
        checked.message = error.what();
        return checked;
    }
    checked.state = Checked::State::not_started;

    const BuildFolder build;
    for (const auto& [name, text] : files) std::ofstream(build.path() / name, std::ios::binary) << text;
    if (exercise.kind == Kind::pytorch) {
        checked.report = check_notebook(built, exercise, build.path() / exercise.files.at(0));
    } else if (exercise.kind == Kind::predict) {
        checked.report = run_check(built.check(exercise), {"--answers", build.path() / exercise.files.at(0)});
    } else {
        const AnswerBuild answer = build_answer(built, exercise, build.path());
        if (!answer.built) {
            checked.state = Checked::State::does_not_build;
            checked.message = answer.message;
            return checked;
        }
        checked.warnings = answer.message;
        checked.report = run_check(built.check(exercise), {answer.program});
    }
    if (checked.report.passed()) {
        checked.state = Checked::State::solved;
    } else if (changed) {
        checked.state = Checked::State::not_solved;
    } else {
        // The bug of a repair is the student's to find.
        for (TestReport& test : checked.report.tests) test.cause.reset();
    }
    return checked;
}

}  // namespace exercise
