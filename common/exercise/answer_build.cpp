#include "common/exercise/answer_build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "common/exercise/compiler_message.hpp"
#include "common/exercise/limited_process.hpp"
#include "common/exercise/lines.hpp"
#include "common/files/file_error.hpp"

namespace exercise {
namespace {

namespace fs = std::filesystem;

// Templates take memory and time, and a student's file may ask for any amount.
constexpr Limits compiler_limits{.seconds = 60, .memory = std::size_t{2} << 30U, .output = 1U << 20U};

// A command that CMake has run: its folder and its arguments.
struct Command {
    std::string folder;
    std::vector<std::string> arguments;
};

Command read_command(const fs::path& path) {
    const std::vector<std::string> lines = lines_of(read_text_file(path));
    return {lines.at(0), {lines.begin() + 1, lines.end()}};
}

// The value behind an option becomes another one: "-o", "x.o".
void replace_after(std::vector<std::string>& arguments, const std::string& option, const std::string& value) {
    const auto found = std::find(arguments.begin(), arguments.end(), option);
    if (found != arguments.end() && found + 1 != arguments.end()) *(found + 1) = value;
}

void remove_dependency_options(std::vector<std::string>& arguments) {
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "-MT" || arguments[i] == "-MF") {
            ++i;
        } else if (arguments[i] != "-MD") {
            kept.push_back(arguments[i]);
        }
    }
    arguments = std::move(kept);
}

// The files that a compilation has read, but for the system's headers: a rule of make.
std::vector<std::string> files_read(const fs::path& rule) {
    std::string text = read_text_file(rule);
    text.erase(0, text.find(": ") + 1);
    std::vector<std::string> files;
    std::istringstream words(text);
    for (std::string word; words >> word;)
        if (word != "\\") files.push_back(word);
    return files;
}

// A student's file may include common/, earlier chapters and the headers that are given. It may not include
// the chapter's own lines, which answer the exercise, or a file from anywhere else. Returns "" or the
// message.
std::string forbidden_include(const BuiltExercises& built, const Exercise& exercise, const fs::path& folder,
                              const fs::path& compiled_in) {
    const fs::path checkout = fs::weakly_canonical(built.checkout), chapters = checkout / "chapters";
    for (const std::string& file : files_read(folder / "read.d")) {
        const fs::path path = fs::weakly_canonical(compiled_in / file);
        const auto below = [&](const fs::path& place) {
            return path.string().starts_with(fs::weakly_canonical(place).string() + "/");
        };
        const bool is_header = path.extension() == ".hpp";
        if (below(folder) || below(compiled_in) || below(checkout / "common")) continue;
        if (below(exercise.folder) && is_header) continue;
        if (!below(chapters))
            return fmt::format("it includes {}, which does not belong to the exercise", file);

        const fs::path inside = fs::relative(path, chapters);
        const bool is_earlier = std::atoi(inside.c_str()) < exercise.chapter;
        if (is_earlier && is_header && inside.parent_path() == *inside.begin()) continue;
        return fmt::format(
            "it includes chapters/{}, which is not for this exercise; write these lines yourself",
            inside.string());
    }
    return "";
}

// Calls of the chapter's own functions without its header: the name of its namespace is in the symbol.
std::string forbidden_call(const Exercise& exercise, const fs::path& object) {
    const Ended symbols = run_limited({"nm", "-C", "-u", object}, "/", compiler_limits);
    for (const std::string& line : lines_of(symbols.output)) {
        // "ch3::renormalize(xt::..."
        const std::size_t at = line.find(" ch"), end = line.find("::", at);
        if (at == std::string::npos || end == std::string::npos) continue;
        if (std::atoi(line.c_str() + at + 3) < exercise.chapter || end > line.find('(', at)) continue;
        const std::string call = line.substr(at + 1, line.find_first_of("(<[", at) - at - 1);
        return fmt::format("it calls {}, the lesson's own function; write it yourself", call);
    }
    return "";
}

}  // namespace

fs::path BuiltExercises::check(const Exercise& exercise) const {
    if (exercise.kind == Kind::pytorch) return programs / exercise.chapter_folder;
    return folder / exercise.id() / "check";
}

bool BuiltExercises::has(const Exercise& exercise) const {
    return fs::exists(check(exercise)) && fs::exists(folder / "compile.txt") &&
           fs::exists(folder / "link.txt");
}

AnswerBuild build_answer(const BuiltExercises& built, const Exercise& exercise, const fs::path& folder) {
    const Command compile = read_command(built.folder / "compile.txt");
    std::vector<std::string> objects = lines_of(read_text_file(built.folder / exercise.id() / "objects.txt"));
    AnswerBuild result;
    for (const std::string& file : exercise.files) {
        const fs::path object = folder / (file + ".o");
        std::vector<std::string> arguments = compile.arguments;
        remove_dependency_options(arguments);
        replace_after(arguments, "-o", object);
        replace_after(arguments, "-c", folder / file);
        arguments.insert(arguments.end(), {"-iquote", exercise.folder, "-MMD", "-MF", folder / "read.d"});

        const Ended compiled = run_limited(arguments, compile.folder, compiler_limits);
        const auto first = [&](const std::string& kind) {
            return first_message(compiled.output, kind, file, read_text_file(folder / file));
        };
        if (compiled.status != 0 || compiled.signal != 0 || compiled.timed_out) {
            result.message = first("error");
            if (compiled.timed_out) result.message = file + ": the compiler ran for more than a minute";
            if (result.message.empty()) result.message = compiled.output.substr(0, 2000);
            return result;
        }
        result.message += first("warning");
        for (const std::string& problem :
             {forbidden_include(built, exercise, folder, compile.folder), forbidden_call(exercise, object)}) {
            if (problem.empty()) continue;
            result.message = file + ": " + problem;
            return result;
        }
        objects.push_back(object);
    }

    Command link = read_command(built.folder / "link.txt");
    result.program = folder / "answer";
    replace_after(link.arguments, "-o", result.program);
    const auto placeholder = std::find_if(
        link.arguments.begin(), link.arguments.end(),
        [](const std::string& argument) { return argument.find("empty_answer.cpp") != std::string::npos; });
    link.arguments.insert(link.arguments.erase(placeholder), objects.begin(), objects.end());
    const Ended linked = run_limited(link.arguments, link.folder, compiler_limits);
    if (linked.status != 0 || linked.signal != 0) {
        result.message = link_error(linked.output);
        return result;
    }
    result.built = true;
    return result;
}

}  // namespace exercise
