#include "common/files/output_target.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "common/files/file_error.hpp"

namespace {

namespace fs = std::filesystem;

std::optional<struct stat> facts_of(const fs::path& path) {
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0) return std::nullopt;
    return facts;
}

// The path behind all symbolic links in its last part. The file itself need not exist.
fs::path without_links(const std::string& path) {
    constexpr int most_links = 40;  // as many as Linux follows
    fs::path target = path;
    std::error_code error;
    for (int links = 0; fs::is_symlink(target, error); ++links) {
        if (links == most_links) {
            throw FileError(path, "is a symbolic link that leads in a circle",
                            "remove it, or choose another name");
        }
        target = target.parent_path() / fs::read_symlink(target);
    }
    return target;
}

const char* kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// Two paths with the same identity are one file. It is the file's device and inode; for a file that does not
// exist yet, the folder's device and inode and the file's name.
using Identity = std::tuple<dev_t, ino_t, std::string>;
std::optional<Identity> identity_of(const std::string& path) {
    if (is_standard_output(path)) return Identity{0, 0, "standard output"};
    if (const auto file = facts_of(path)) return Identity{file->st_dev, file->st_ino, ""};
    const fs::path target = without_links(path);
    const auto folder = facts_of(folder_of(target));
    if (!folder) return std::nullopt;
    return Identity{folder->st_dev, folder->st_ino, target.filename()};
}

}  // namespace

bool is_standard_output(const std::string& path) {
    return path == "-" || path == "/dev/stdout";
}

OutputTarget output_target(const std::string& path) {
    // Only the system can follow some links, as /dev/stderr to a pipe or a terminal.
    const std::optional<struct stat> old = facts_of(path);
    if (old && !S_ISREG(old->st_mode)) {
        throw FileError(path, fmt::format("is {}, no plain file", kind_of(old->st_mode)),
                        "name a file to write to");
    }
    // Root may write every file. But whoever removed the owner's permission wants to keep the file.
    if (old && ((old->st_mode & S_IWUSR) == 0 || access(path.c_str(), W_OK) != 0)) {
        throw FileError(path, "may not be written over", "chmod u+w gives permission");
    }
    const fs::path target = without_links(path);
    if (!old && !facts_of(folder_of(target))) {
        throw FileError(path, fmt::format("cannot be written: {}", std::strerror(errno)),
                        "make its folder first");
    }
    if (!target.has_filename()) throw FileError(path, "names no file", "name a file to write to");
    return {target, old};
}

void check_outputs(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
    std::vector<NamedFile> others = inputs;
    for (const NamedFile& output : outputs) {
        if (!is_standard_output(output.path)) output_target(output.path);
        const std::optional<Identity> identity = identity_of(output.path);
        for (const NamedFile& other : others) {
            if (identity && identity == identity_of(other.path)) {
                throw FileError(output.path,
                                fmt::format("{} and {} are the same file", output.option, other.option),
                                "choose another name for the output");
            }
        }
        others.push_back(output);
    }
}
