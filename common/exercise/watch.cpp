#include "common/exercise/watch.hpp"

#include <algorithm>
#include <string>

#include "common/exercise/limited_process.hpp"
#include "common/files/file_error.hpp"
#include "common/write_out.hpp"

namespace exercise {
namespace {

// The files' times and sizes. An editor may remove a file for a moment while it saves.
std::string state_of(const Workplace& workplace, const Exercise& exercise) {
    namespace fs = std::filesystem;
    std::string state;
    for (const std::string& name : exercise.files) {
        std::error_code ignored;
        const fs::path path = workplace.folder_of(exercise) / name;
        state += std::to_string(fs::last_write_time(path, ignored).time_since_epoch().count()) + " " +
                 std::to_string(fs::file_size(path, ignored)) + "\n";
    }
    return state;
}

}  // namespace

const Exercise* next_unsolved(const Workplace& workplace, const std::vector<Exercise>& all,
                              const Exercise* after) {
    const std::size_t start = after == nullptr ? 0 : static_cast<std::size_t>(after - all.data());
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Exercise& exercise = all[(start + i) % all.size()];
        if (!workplace.is_solved(exercise)) return &exercise;
    }
    return nullptr;
}

void watch(const Workplace& workplace, const std::vector<Exercise>& all, const Exercise& first,
           const std::function<bool(const Exercise&)>& check) {
    constexpr std::chrono::milliseconds between_looks{200};
    for (const Exercise* exercise = &first; exercise != nullptr;) {
        const std::string state = state_of(workplace, *exercise);
        if (check(*exercise)) {
            exercise = next_unsolved(workplace, all, exercise);
            continue;
        }
        write_out("\nwaiting for you to save a file; Ctrl-C ends\n");
        while (state_of(workplace, *exercise) == state) pause(between_looks);
        write_out("\n");
    }
    write_out("All exercises are solved.\n");
}

}  // namespace exercise
