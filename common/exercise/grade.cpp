#include "common/exercise/grade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "common/files/file_error.hpp"
#include "common/printable.hpp"
#include "common/render/progress.hpp"

namespace exercise {
namespace {

namespace fs = std::filesystem;

// One answer to check, and the places in the table that its result belongs to.
struct Job {
    const Exercise* exercise = nullptr;
    fs::path folder;
    std::vector<Checked*> results;
};

// The student's files of one exercise as one text; equal texts get equal marks. A file that cannot be read is
// told by its path.
std::string contents_of(const Exercise& exercise, const fs::path& folder) {
    std::string all = exercise.id();
    for (const std::string& name : exercise.files) {
        try {
            const std::string text = read_student_file(exercise, folder, name);
            all += fmt::format("\n{} {}\n", name, text.size()) + text;
        } catch (const FileError& error) {
            all += error.what();
        }
    }
    return all;
}

// An answer that brings its check to an end of another kind harms no other answer.
Checked checked_or_told(const BuiltExercises& built, const Job& job) {
    try {
        return check_answer(built, *job.exercise, job.folder);
    } catch (const std::exception& error) {
        Checked checked;
        checked.state = Checked::State::not_solved;
        checked.message = std::string("it could not be checked: ") + error.what();
        return checked;
    }
}

// Runs the jobs on all cores. The first exception of a worker comes out here.
void run_all(const BuiltExercises& built, const std::vector<Job>& jobs) {
    std::atomic<std::size_t> next = 0;
    std::exception_ptr failure;
    std::mutex of_failure;
    const auto work = [&] {
        try {
            for (std::size_t i = next++; i < jobs.size(); i = next++) {
                const Checked checked = checked_or_told(built, jobs[i]);
                for (Checked* result : jobs[i].results) *result = checked;
            }
        } catch (...) {
            const std::lock_guard lock(of_failure);
            failure = std::current_exception();
            next = jobs.size();
        }
    };
    std::vector<std::thread> workers;
    for (unsigned core = 0; core < std::max(1U, std::thread::hardware_concurrency()); ++core)
        workers.emplace_back(work);
    for (std::thread& worker : workers) worker.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

std::size_t Grades::solved() const {
    std::size_t count = 0;
    for (const Checked& each : checked) count += each.state == Checked::State::solved ? 1 : 0;
    return count;
}

std::vector<Grades> grade(const BuiltExercises& built, const std::vector<Exercise>& exercises,
                          const std::vector<fs::path>& submissions) {
    std::vector<Grades> grades;
    if (std::none_of(submissions.begin(), submissions.end(),
                     [](const fs::path& path) { return fs::is_directory(path); }))
        throw FileError(submissions.front(), "it is no folder", "name the folders of the submissions");
    for (const fs::path& submission : submissions)
        grades.push_back({submission.string(), std::vector<Checked>(exercises.size())});

    std::vector<Job> jobs;
    std::map<std::string, std::size_t> job_of;
    for (std::size_t i = 0; i < submissions.size(); ++i) {
        for (std::size_t j = 0; j < exercises.size(); ++j) {
            const fs::path folder = submissions[i] / exercises[j].place();
            const auto [found, is_new] = job_of.emplace(contents_of(exercises[j], folder), jobs.size());
            if (is_new) jobs.push_back({&exercises[j], folder, {}});
            jobs[found->second].results.push_back(&grades[i].checked[j]);
        }
    }
    const Progress progress(
        fmt::format("grading {} answers of {} submissions", jobs.size(), submissions.size()));
    run_all(built, jobs);
    return grades;
}

}  // namespace exercise
