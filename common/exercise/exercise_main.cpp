// ./walk exercise and ./walk grade: the exercises, their checks, and a table for the teacher.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <utility>

#include "common/exercise/checking.hpp"
#include "common/exercise/feedback.hpp"
#include "common/exercise/grade.hpp"
#include "common/exercise/limited_process.hpp"
#include "common/exercise/verify.hpp"
#include "common/exercise/watch.hpp"
#include "common/exercise/workplace.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/file_error.hpp"
#include "common/files/output_target.hpp"
#include "common/printable.hpp"
#include "common/program/option_rules.hpp"
#include "common/program/program_main.hpp"
#include "common/render/terminal.hpp"
#include "common/render/text_layout.hpp"
#include "common/write_out.hpp"
#include "version.hpp"

namespace {

namespace fs = std::filesystem;
using namespace exercise;

constexpr const char* examples =
    "Examples:\n"
    "  ./walk exercise             the list, by chapter, and what is solved\n"
    "  ./walk exercise 3.1         the task and the file to edit; builds that file and checks it\n"
    "  ./walk exercise watch       checks again whenever a file is saved\n"
    "  ./walk exercise hint 3.1    three hints, each says more than the one before\n"
    "  ./walk exercise reset 3.1   the skeleton again; keeps your file beside it\n"
    "  ./walk exercise start DIR   your own copy outside the repository\n\n"
    "Exit status: 0 solved, 1 not solved yet, 2 bad usage, or a file that cannot be read or written.";

struct Request {
    std::string command;            // "list", "check", "watch", "hint", "reset", "start", "verify"
    std::optional<std::string> id;  // "3.1"
    std::optional<fs::path> in;     // the student's folder
    fs::path start;
    GradeOptions grade;
    std::vector<std::string> only;  // the exercises to grade; none: all
};

// What a student reads, in the characters that the terminal has.
void say(const std::string& text) {
    static const bool unicode = detect_terminal(ColorChoice::automatic).unicode;
    write_out(unicode ? text : to_ascii(text));
}

const BuiltExercises built{CHECKOUT, EXERCISES, PROGRAMS};

// The check of an exercise is built when it is first used. ./walk does it, and says so. `which` is "3.1" or
// "all".
void build_checks(const std::string& which) {
    if (std::getenv("ATTN_WALK") == nullptr) return;
    const std::string command = "\"$ATTN_WALK\" build-exercises " + which;
    if (std::system(command.c_str()) != 0) throw UsageError("the check could not be built, as said above");
}

void require_built(const Exercise& exercise) {
    if (built.has(exercise)) return;
    throw UsageError(fmt::format("the check of {} is not built; cmake --build build --target exercise_{}_{}",
                                 exercise.id(), exercise.chapter, exercise.number));
}

// The student's folder: --in, or `exercises` in the checkout, which the first call makes.
Workplace open_workplace(const Request& request, const std::vector<Exercise>& all) {
    const fs::path folder = request.in.value_or(built.checkout / "exercises");
    if (!request.in && !Workplace::is_one(folder)) Workplace::make(folder, built.checkout, all);
    Workplace workplace(folder);
    workplace.complete(all);
    return workplace;
}

std::string shown_path(const fs::path& path) {
    std::error_code ignored;
    const std::string relative = fs::relative(path, fs::current_path(ignored), ignored).string();
    return printable(relative.empty() || relative.starts_with("../..") ? path.string() : relative);
}

void list(const Workplace& workplace, const std::vector<Exercise>& all) {
    std::string text;
    for (std::size_t i = 0; i < all.size();) {
        const std::size_t first = i;
        std::size_t solved = 0;
        std::string lines;
        for (; i < all.size() && all[i].chapter == all[first].chapter; ++i) {
            const bool is_solved = workplace.is_solved(all[i]);
            solved += is_solved ? 1 : 0;
            lines += fmt::format("  {} {:<5} {:<46} {}, {} minutes\n", is_solved ? "✓" : " ", all[i].id(),
                                 all[i].title, kind_name(all[i].kind), all[i].minutes);
        }
        text += fmt::format("{}Chapter {}: {}   {}\n{}", first == 0 ? "" : "\n", all[first].chapter,
                            chapter_title(built.checkout, all[first].chapter_folder),
                            progress_bar(solved, i - first), lines);
    }
    say(text);
}

// The task without its two first lines, which the heading shows.
std::string task_of(const Exercise& exercise) {
    const std::string text = read_text_file(exercise.folder / "README.md");
    std::size_t start = text.find(" minutes");
    start = text.find('\n', start);
    return text.substr(std::min(text.size(), text.find_first_not_of('\n', start)));
}

std::string task_and_files(const Workplace& workplace, const Exercise& exercise) {
    std::string text = markdown_as_text(task_of(exercise)) + "\n";
    for (const std::string& file : exercise.files)
        text += fmt::format("  edit: {}\n", shown_path(workplace.folder_of(exercise) / file));
    return text;
}

// The task, where `with_task`, and the result. Returns whether it is solved.
bool check_one(Workplace& workplace, const Exercise& exercise, bool with_task) {
    build_checks(exercise.id());
    require_built(exercise);
    say(fmt::format("{} {}   {}, {} minutes\n", exercise.id(), exercise.title, kind_name(exercise.kind),
                    exercise.minutes));
    if (with_task) say("\n" + task_and_files(workplace, exercise));

    const Checked checked = check_answer(built, exercise, workplace.folder_of(exercise));
    const bool is_solved = checked.state == Checked::State::solved;
    if (is_solved) workplace.remember_solved(exercise);
    say(feedback(exercise, checked));
    say(is_solved ? fmt::format("\n✓ {} is solved.\n", exercise.id())
                  : fmt::format("  A hint: ./walk exercise hint {}\n", exercise.id()));
    return is_solved;
}

int watch_from(Workplace& workplace, const std::vector<Exercise>& all, const std::optional<std::string>& id) {
    const Exercise* first = id ? &find_exercise(all, *id) : next_unsolved(workplace, all, nullptr);
    throw_on_interrupt();
    if (first == nullptr) {
        say("All exercises are solved.\n");
    } else {
        const Exercise* told = nullptr;  // its task is on the screen
        watch(workplace, all, *first, [&](const Exercise& exercise) {
            const bool is_new = &exercise != std::exchange(told, &exercise);
            return check_one(workplace, exercise, is_new);
        });
    }
    return 0;
}

int grade_all(const Request& request, const std::vector<Exercise>& all) {
    std::vector<Exercise> exercises;
    for (const std::string& id : request.only) exercises.push_back(find_exercise(all, id));
    if (exercises.empty()) exercises = all;
    if (request.only.empty()) build_checks("all");
    for (const std::string& id : request.only) build_checks(id);
    for (const Exercise& exercise : exercises) require_built(exercise);

    std::vector<NamedFile> outputs;
    if (request.grade.junit) outputs.push_back({"--junit", *request.grade.junit});
    if (request.grade.csv) outputs.push_back({"--csv", *request.grade.csv});
    if (request.grade.json) outputs.push_back({"--json", "-"});
    check_outputs({}, outputs);

    throw_on_interrupt();
    const std::vector<Grades> grades = grade(built, exercises, request.grade.submissions);
    if (request.grade.junit) write_file(*request.grade.junit, grades_as_junit(grades, exercises));
    if (request.grade.csv) write_file(*request.grade.csv, grades_as_csv(grades, exercises));
    const auto alone = [](const std::optional<std::string>& path) {
        return path && is_standard_output(*path);
    };
    if (!alone(request.grade.junit) && !alone(request.grade.csv))
        say(request.grade.json ? grades_as_json(grades, exercises) : table_of(grades, exercises));
    const bool all_solved = std::all_of(grades.begin(), grades.end(),
                                        [&](const Grades& row) { return row.solved() == exercises.size(); });
    return all_solved ? 0 : 1;
}

int run(const Request& request) {
    const std::vector<Exercise> all = read_exercises(built.checkout, [](const FileError& error) {
        write_error("exercise", std::string("an exercise is left out: ") + error.what());
    });
    if (request.command == "grade") return grade_all(request, all);
    if (request.command == "verify") {
        build_checks(request.id.value_or("all"));
        return verify(built, all, request.id, require_built);
    }
    if (request.command == "start") {
        Workplace::make(request.start, built.checkout, all);
        say(fmt::format("{} exercises are in {}; go there and run ./walk exercise\n", all.size(),
                        printable(request.start.string())));
        return 0;
    }
    Workplace workplace = open_workplace(request, all);
    if (request.command == "list") {
        list(workplace, all);
        return 0;
    }
    if (request.command == "watch") return watch_from(workplace, all, request.id);
    const Exercise& exercise = find_exercise(all, request.id.value());
    if (request.command == "check") {
        const bool is_solved = check_one(workplace, exercise, true);
        const Exercise* next = next_unsolved(workplace, all, &exercise);
        if (is_solved)
            say(next == nullptr ? "  All exercises are solved.\n"
                                : fmt::format("  Next: ./walk exercise {}\n", next->id()));
        return is_solved ? 0 : 1;
    }
    if (request.command == "hint") {
        const std::size_t number = workplace.next_hint(exercise);
        say(fmt::format("{} {}   hint {} of {}\n\n{}", exercise.id(), exercise.title, number,
                        exercise.hints.size(), markdown_as_text(exercise.hints.at(number - 1))));
        return 0;
    }
    for (const std::string& kept : workplace.reset(exercise))
        say(fmt::format("your file is kept as {}\n", shown_path(workplace.folder_of(exercise) / kept)));
    say(fmt::format("{} is as it was at the start\n", exercise.id()));
    return 0;
}

// The text that --help or --version asks for, or nothing. Bad usage is a UsageError.
std::optional<std::string> read_command_line(Request& request, int argc, const char* const* argv) {
    CLI::App app("Exercises that check themselves", "./walk exercise");
    app.footer(examples);
    app.set_version_flag("--version", std::string(version_text));
    app.add_option("--in", request.in, "the student's folder (default: exercises/ in the checkout)")
        ->type_name("DIR");
    std::vector<std::string> words;
    app.add_option("WHAT", words,
                   "N.M, watch, hint N.M, reset N.M, start DIR, verify [N.M]; nothing: the list")
        ->type_name("");
    CLI::App* grade = app.add_subcommand("grade", "a table for the teacher: who solved what (./walk grade)");
    grade->add_option("DIR", request.grade.submissions, "the students' folders")->required()->type_name("");
    grade->add_option("--junit", request.grade.junit, "the grades as JUnit XML, into this file")
        ->type_name("FILE");
    grade->add_option("--csv", request.grade.csv, "the grades and the reasons for a spreadsheet")
        ->type_name("FILE");
    grade->add_flag("--json", request.grade.json, "the grades as JSON instead of the table");
    grade
        ->add_option_function<std::string>(
            "--only",
            [&request](const std::string& ids) {
                std::istringstream stream(ids);
                for (std::string id; std::getline(stream, id, ',');) request.only.push_back(id);
            },
            "grades these exercises: --only 3.1,3.2")
        ->type_name("N.M");
    grade->footer(
        "Only the files that a student edits are read from DIR; checks and headers come from this checkout.\n"
        "Exit status: 0 all is solved, 1 something is not, 2 bad usage, or a file that cannot be read or written.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return (grade->parsed() ? grade : &app)->help();
    } catch (const CLI::CallForVersion&) {
        return std::string(version_text) + "\n";
    } catch (const CLI::ParseError& error) {
        throw UsageError(std::string(error.what()) + "; ./walk exercise --help shows all commands");
    }

    const auto is_id = [](const std::string& word) {
        return !word.empty() && std::isdigit(word.front()) != 0;
    };
    const auto wrong = [&](const std::string& what) {
        return UsageError(what + "; ./walk exercise --help shows all commands");
    };
    if (grade->parsed()) words = {"grade"};
    request.command = words.empty() ? "list" : is_id(words[0]) ? "check" : words[0];
    if (request.command == "check") {
        request.id = words[0];
    } else if (words.size() > 1) {
        request.id = words[1];
        request.start = words[1];
    }
    const bool needs_word =
        request.command == "hint" || request.command == "reset" || request.command == "start";
    const bool known = needs_word || request.command == "list" || request.command == "check" ||
                       request.command == "watch" || request.command == "verify" ||
                       request.command == "grade";
    if (!known) throw wrong("there is no exercise or command " + words[0]);
    if (needs_word && words.size() < 2) throw wrong(words[0] + " needs a word after it");
    if (words.size() > (request.command == "check" || request.command == "list" ? 1U : 2U))
        throw wrong("one word too many: " + words.back());
    return std::nullopt;
}

int run_until_interrupted(const Request& request) {
    try {
        return run(request);
    } catch (const Interrupted&) {
        return 130;  // as the shell says of a program that Ctrl-C ended
    }
}

}  // namespace

int main(int argc, char** argv) {
    return program_main("exercise", read_command_line, run_until_interrupted, argc, argv);
}
