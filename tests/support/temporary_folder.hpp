// A folder for the files of one test; it goes with the test.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "common/files/file_error.hpp"
#include "tests/support/text.hpp"

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = std::filesystem::temp_directory_path() / "attn_tests.XXXXXX";
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return path_ / name; }

    // Writes a file and returns its path.
    [[nodiscard]] std::string file(const std::string& name, const std::string& contents) const {
        std::ofstream(path(name), std::ios::binary) << contents;
        return path(name);
    }

  private:
    std::filesystem::path path_;
};

inline std::string contents_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

// What the FileError says that `action` throws, or "" if it throws none.
template <class Action>
std::string error_of(Action action) {
    try {
        action();
        return "";
    } catch (const FileError& error) {
        return error.what();
    }
}
