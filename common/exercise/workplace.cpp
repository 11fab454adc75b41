#include "common/exercise/workplace.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/exercise/limited_process.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/file_error.hpp"

namespace exercise {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// What is remembered stands in a hidden folder, so that students need not look at it.
fs::path state_file(const fs::path& folder) {
    return folder / ".walk" / "state.json";
}

// For the shell: 'it'\''s'.
std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
    return result + "'";
}

// ./walk in the student's folder calls the checkout's ./walk.
std::string walk_script(const fs::path& checkout) {
    return fmt::format(R"sh(#!/bin/sh
# Calls the walk of the checkout that this folder was made from. If the checkout has moved, change this line:
checkout={}

here=$(cd -P -- "$(dirname "$0")" && pwd) || exit 2
if ! [ -x "$checkout/walk" ]; then
    echo "walk: there is no $checkout/walk; write where the checkout is into $0" >&2
    exit 2
fi
case ${{1-}} in
    exercise) shift; exec "$checkout/walk" exercise --in "$here" "$@" ;;
    *) exec "$checkout/walk" "$@" ;;
esac
)sh",
                       quoted(checkout));
}

constexpr const char* readme = R"md(# My exercises

| command | does |
|---|---|
| `./walk exercise` | lists the exercises and what is solved |
| `./walk exercise 3.1` | shows the task and the file to edit, and checks the file |
| `./walk exercise watch` | checks again whenever you save, and goes on when an exercise is solved |
| `./walk exercise hint 3.1` | gives a hint; each one says more than the one before |
| `./walk exercise reset 3.1` | gives you the first file again and keeps yours beside it |
)md";

void copy_exercise(const Exercise& exercise, const fs::path& folder) {
    fs::create_directories(folder);
    const auto copy = [&](const std::string& name) {
        if (!fs::exists(folder / name))
            write_file(folder / name, read_text_file(exercise.folder / name, 16U << 20U));
    };
    copy("README.md");
    for (const std::string& name : exercise.given) copy(name);
    for (const std::string& name : exercise.files) copy(name);
}

// A repository with a first commit. The author is the student, where git knows the name. Without git there is
// no repository, and nothing else is different.
void make_repository(const fs::path& folder) {
    const auto git = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "git");
        return run_limited(arguments, folder, {.seconds = 60, .memory = 0}).status == 0;
    };
    std::vector<std::string> commit{"-c", "commit.gpgsign=false"};
    if (!git({"config", "user.email"}))
        commit.insert(commit.end(), {"-c", "user.name=student", "-c", "user.email=student@localhost"});
    commit.insert(commit.end(), {"commit", "-q", "-m", "The exercises as they were"});
    if (git({"init", "-q"}) && git({"add", "-A"})) git(commit);
}

}  // namespace

bool Workplace::is_one(const fs::path& folder) {
    return fs::exists(state_file(folder));
}

Workplace::Workplace(fs::path folder) : folder_(std::move(folder)) {
    if (!is_one(folder_))
        throw FileError(folder_, "it is no folder of exercises", "./walk exercise start makes one");
    const Json state = Json::parse(read_text_file(state_file(folder_)), nullptr, false);
    if (!state.is_object()) return;
    const Json hints = state.value("hints", Json::object()), solved = state.value("solved", Json::object());
    for (const auto& [id, count] : hints.items())
        if (count.is_number_unsigned()) hints_[id] = count.get<std::size_t>();
    for (const auto& [id, fingerprint] : solved.items())
        if (fingerprint.is_string()) solved_[id] = fingerprint.get<std::string>();
}

void Workplace::make(const fs::path& folder, const fs::path& checkout, const std::vector<Exercise>& all) {
    if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder)))
        throw FileError(folder, "it is there already and is not empty", "give the name of a new folder");
    try {
        fs::create_directories(folder / ".walk");
    } catch (const fs::filesystem_error& error) {
        throw FileError(folder, error.code().message(), "give a folder that you may write");
    }
    write_file(state_file(folder), "{}\n");
    write_file(folder / ".gitignore", ".walk/\n");
    write_file(folder / "README.md", readme);
    write_file(folder / "walk", walk_script(checkout));
    fs::permissions(folder / "walk", fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                    fs::perm_options::add);
    Workplace(folder).complete(all);
    make_repository(folder);
}

void Workplace::complete(const std::vector<Exercise>& all) const {
    for (const Exercise& exercise : all) copy_exercise(exercise, folder_of(exercise));
}

fs::path Workplace::folder_of(const Exercise& exercise) const {
    return folder_ / exercise.place();
}

bool Workplace::is_solved(const Exercise& exercise) const {
    const auto found = solved_.find(exercise.id());
    return found != solved_.end() && found->second == fingerprint(exercise);
}

void Workplace::remember_solved(const Exercise& exercise) {
    solved_[exercise.id()] = fingerprint(exercise);
    save();
}

std::size_t Workplace::next_hint(const Exercise& exercise) {
    std::size_t& given = hints_[exercise.id()];
    given = std::min(given + 1, exercise.hints.size());
    save();
    return given;
}

std::vector<std::string> Workplace::reset(const Exercise& exercise) const {
    std::vector<std::string> kept;
    const fs::path folder = folder_of(exercise);
    for (const std::string& name : exercise.files) {
        const std::string skeleton = read_text_file(exercise.folder / name, 16U << 20U);
        if (fs::exists(folder / name)) {
            if (read_text_file(folder / name, 16U << 20U) == skeleton) continue;
            int number = 1;
            while (fs::exists(folder / fmt::format("{}.before-reset-{}", name, number))) ++number;
            kept.push_back(fmt::format("{}.before-reset-{}", name, number));
            fs::rename(folder / name, folder / kept.back());
        }
        write_file(folder / name, skeleton);
    }
    return kept;
}

void Workplace::save() const {
    const Json state = {{"hints", hints_}, {"solved", solved_}};
    write_file(state_file(folder_), state.dump(2) + "\n");
}

// A hash is enough to see that a file has changed; nobody is graded by it.
std::string Workplace::fingerprint(const Exercise& exercise) const {
    std::string all;
    for (const std::string& name : exercise.files) {
        try {
            all += read_text_file(folder_of(exercise) / name, 16U << 20U);
        } catch (const FileError&) {
            return "";
        }
    }
    return fmt::format("{:016x}", std::hash<std::string>{}(all));
}

}  // namespace exercise
