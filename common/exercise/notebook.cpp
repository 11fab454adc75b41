#include "common/exercise/notebook.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/exercise/limited_process.hpp"
#include "common/exercise/lines.hpp"

namespace exercise {
namespace {

using Json = nlohmann::ordered_json;

// One tensor of the chapter's report on the notebook.
TestReport test_of(const std::string& name, const Json& tensors) {
    TestReport test;
    test.title = name;
    test.what = name;
    test.outcome = Outcome::missing;
    test.problem = "the notebook does not print it: fill the gap, run all cells and save the notebook";
    for (const Json& tensor : tensors) {
        if (tensor.at("name").get<std::string>() != name) continue;
        const auto result = tensor.at("result").get<std::string>();
        if (result == "agrees") {
            test.outcome = Outcome::passed;
            test.problem.clear();
        } else if (result == "differs") {
            test.outcome = Outcome::wrong;
            test.problem = name + " differs, " + tensor.at("difference").get<std::string>();
        } else if (result == "cannot be read") {
            test.outcome = Outcome::wrong;
            test.problem = name + " cannot be read: " + tensor.value("problem", "");
        }
        if (tensor.contains("cause")) {
            const Json& cause = tensor.at("cause");
            test.cause = {cause.at("id").get<std::string>(), cause.at("cause").get<std::string>(),
                          cause.at("advice").get<std::string>()};
        }
        if (tensor.contains("follows_from"))
            test.problem += "; it follows from " + tensor.at("follows_from").get<std::string>();
    }
    return test;
}

}  // namespace

std::size_t largest_student_file(const Exercise& exercise) {
    return exercise.kind == Kind::pytorch ? std::size_t{16} << 20U : std::size_t{1} << 20U;
}

CheckReport check_notebook(const BuiltExercises& built, const Exercise& exercise,
                           const std::filesystem::path& notebook) {
    const Ended compared =
        run_limited({built.check(exercise), "--compare", notebook, "--json"}, "/",
                    {.seconds = 60, .memory = std::size_t{4} << 30U, .output = 16U << 20U});
    Json tensors = Json::array();
    std::string refused;
    if (compared.status == 2) {
        // "walk 3: FILE: what is wrong": the student knows which file.
        refused = compared.output.substr(0, compared.output.find('\n'));
        const std::size_t file = refused.find(notebook.string());
        if (file != std::string::npos) refused.erase(0, file + notebook.string().size() + 2);
    } else {
        tensors = Json::parse(compared.output).at("tensors");
    }

    CheckReport report;
    for (const std::string& name : lines_of(read_text_file(exercise.folder / "check.txt")))
        report.tests.push_back(test_of(name, tensors));
    if (!refused.empty() && !report.tests.empty()) report.tests.front().problem = refused;
    return report;
}

}  // namespace exercise
