// The four forms of a table of grades: for the terminal, as JSON, CSV and JUnit XML.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/compare/report.hpp"
#include "common/exercise/grade.hpp"
#include "common/printable.hpp"
#include "common/render/text_layout.hpp"

namespace exercise {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 5> marks = {"✓", "·", "!", "✗", "?"};  // in the order of Checked::State

std::string mark_of(const Checked& checked) {
    return marks.at(static_cast<std::size_t>(checked.state));
}

// Why an answer is not counted as solved, in one line: the cause if one is verified.
std::string reason_of(const Checked& checked) {
    if (checked.state == Checked::State::solved || checked.state == Checked::State::not_started) return "";
    if (!checked.message.empty()) return printable(checked.message.substr(0, checked.message.find('\n')));
    const TestReport* failed = checked.report.told_failure();
    if (failed == nullptr) return "";
    return printable(failed->cause ? failed->cause->cause : failed->title + ": " + failed->problem);
}

std::string cause_id_of(const Checked& checked) {
    if (checked.state != Checked::State::not_solved) return "";
    const TestReport* failed = checked.report.told_failure();
    return failed != nullptr && failed->cause ? failed->cause->id : "";
}

// A cell of a CSV file. A spreadsheet takes a cell that starts with one of =+-@ for a formula, so a blank
// goes first.
std::string csv_cell(std::string text) {
    if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos)
        text = " " + text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

}  // namespace

std::string table_of(const std::vector<Grades>& grades, const std::vector<Exercise>& exercises) {
    std::size_t width = columns("submission");
    for (const Grades& row : grades) width = std::max(width, columns(printable(row.submission)));
    std::string text = pad_right("submission", width);
    for (const Exercise& exercise : exercises) text += " " + pad_left(exercise.id(), 4);
    text += "  solved\n";
    for (const Grades& row : grades) {
        text += pad_right(printable(row.submission), width);
        for (const Checked& checked : row.checked) text += "  " + mark_of(checked) + "  ";
        text += fmt::format("  {} of {}\n", row.solved(), exercises.size());
    }
    return text +
           "\n✓ solved   ✗ not solved   ! does not build   · not started   ? no file, or one that cannot be read\n";
}

std::string grades_as_json(const std::vector<Grades>& grades, const std::vector<Exercise>& exercises) {
    Json all = Json::array();
    for (const Grades& row : grades) {
        Json answers = Json::array();
        for (std::size_t i = 0; i < exercises.size(); ++i) {
            const Checked& checked = row.checked[i];
            Json answer = {{"exercise", exercises[i].id()},
                           {"title", exercises[i].title},
                           {"result", state_name(checked.state)}};
            if (const std::string reason = reason_of(checked); !reason.empty()) answer["reason"] = reason;
            if (const std::string id = cause_id_of(checked); !id.empty()) answer["cause"] = id;
            answers.push_back(answer);
        }
        all.push_back({{"submission", row.submission},
                       {"solved", row.solved()},
                       {"of", exercises.size()},
                       {"answers", answers}});
    }
    return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string grades_as_csv(const std::vector<Grades>& grades, const std::vector<Exercise>& exercises) {
    std::string text = "submission,exercise,title,result,cause,reason\n";
    for (const Grades& row : grades) {
        for (std::size_t i = 0; i < exercises.size(); ++i) {
            const Checked& checked = row.checked[i];
            text += fmt::format("{},{},{},{},{},{}\n", csv_cell(printable(row.submission)), exercises[i].id(),
                                csv_cell(exercises[i].title), state_name(checked.state), cause_id_of(checked),
                                csv_cell(reason_of(checked)));
        }
    }
    return text;
}

std::string grades_as_junit(const std::vector<Grades>& grades, const std::vector<Exercise>& exercises) {
    std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    for (const Grades& row : grades) {
        const std::string suite = escaped_for_xml(printable(row.submission));
        xml +=
            fmt::format("<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n",
                        suite, exercises.size(), exercises.size() - row.solved());
        for (std::size_t i = 0; i < exercises.size(); ++i) {
            const Checked& checked = row.checked[i];
            const std::string start = fmt::format("  <testcase classname=\"{}\" name=\"{} {}\"", suite,
                                                  exercises[i].id(), escaped_for_xml(exercises[i].title));
            xml += checked.state == Checked::State::solved
                       ? start + "/>\n"
                       : fmt::format("{}>\n    <failure type=\"{}\" message=\"{}\"/>\n  </testcase>\n", start,
                                     state_name(checked.state), escaped_for_xml(reason_of(checked)));
        }
        xml += "</testsuite>\n";
    }
    return xml + "</testsuites>\n";
}

}  // namespace exercise
