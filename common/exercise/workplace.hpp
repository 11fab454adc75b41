// A student's own folder: the files to edit, the tasks, and what is remembered (hints given, exercises
// solved).
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/exercise/catalogue.hpp"

namespace exercise {

class Workplace {
  public:
    // Opens a folder that make() has made. Throws FileError if it is none.
    explicit Workplace(std::filesystem::path folder);

    // Makes a folder with all exercises, and in it a script `walk`; where git is installed, also a repository
    // with a first commit. Refuses a folder that is there and not empty.
    static void make(const std::filesystem::path& folder, const std::filesystem::path& checkout,
                     const std::vector<Exercise>& all);
    static bool is_one(const std::filesystem::path& folder);

    // Copies exercises that the checkout has and this folder lacks. Touches no file that is there.
    void complete(const std::vector<Exercise>& all) const;

    [[nodiscard]] std::filesystem::path folder_of(const Exercise& exercise) const;

    // Whether it was solved, and its files are the same since then.
    [[nodiscard]] bool is_solved(const Exercise& exercise) const;
    void remember_solved(const Exercise& exercise);

    // The number of the next hint, from 1; after the last one the last again.
    std::size_t next_hint(const Exercise& exercise);

    // The skeleton again. Each file that the student changed is kept beside it, as "name.before-reset-1".
    // Returns the names of the kept files.
    std::vector<std::string> reset(const Exercise& exercise) const;

  private:
    void save() const;
    [[nodiscard]] std::string fingerprint(const Exercise& exercise) const;

    std::filesystem::path folder_;
    std::map<std::string, std::size_t> hints_;
    std::map<std::string, std::string> solved_;  // the fingerprint of the files that solved it
};

}  // namespace exercise
