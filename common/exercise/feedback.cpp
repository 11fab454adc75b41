#include "common/exercise/feedback.hpp"

#include <fmt/format.h>

#include "common/exercise/lines.hpp"
#include "common/printable.hpp"
#include "common/render/text_layout.hpp"

namespace exercise {
namespace {

constexpr std::size_t text_width = 80;

// Prose, two columns to the right; a tensor stands at the left margin, so that it can be copied out whole.
// `start` stands before the first line, and blanks before the others.
std::string prose(const std::string& text, const std::string& start = "  ") {
    std::string lines;
    for (const std::string& line : wrap(text, text_width - start.size()))
        lines += (lines.empty() ? start : std::string(start.size(), ' ')) + line + "\n";
    return lines;
}

std::string mark(Outcome outcome) {
    if (outcome == Outcome::passed) return "✓";
    return outcome == Outcome::not_run ? "-" : "✗";
}

// The first lines of what the student's code printed, made safe for a terminal.
std::string printed_by_student(const std::string& printed) {
    constexpr std::size_t most_lines = 20;
    const std::vector<std::string> lines = lines_of(printed);
    std::string text;
    for (std::size_t i = 0; i < lines.size() && i < most_lines; ++i)
        text += "  | " + cut(printable(lines[i]), 200) + "\n";
    return lines.size() > most_lines ? text + "  ...\n" : text;
}

std::string value_with_name(const std::string& name, const std::string& text) {
    return "\n  " + name + "\n" + text + "\n";
}

std::string failed_test(const TestReport& test) {
    std::string text = fmt::format("\n✗ {}\n", test.title) + prose(test.problem + ".");
    for (const GivenValue& value : test.given) text += value_with_name("given: " + value.name, value.text);
    if (!test.yours.empty() && !test.expected.empty()) {
        text += value_with_name("your " + test.what, test.yours);
        text += value_with_name("expected", test.expected);
    }
    if (!test.printed.empty()) text += "\n  your code printed\n" + printed_by_student(test.printed);
    if (test.cause) {
        text += "\n" + prose("The cause: " + test.cause->cause + ".");
        if (!test.cause->advice.empty()) text += prose("Look at: " + test.cause->advice + ".");
    }
    return text;
}

// A line without the ** of bold words. Between two backticks, ** is Python's power.
std::string without_bold(const std::string& line) {
    std::string plain;
    bool in_code = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (line[at] == '`') in_code = !in_code;
        if (!in_code && line.compare(at, 2, "**") == 0) {
            ++at;
        } else {
            plain += line[at];
        }
    }
    return plain;
}

// Tables and code keep their lines.
bool keeps_its_lines(const std::string& line) {
    return line.starts_with("|") || line.starts_with("```") || line.starts_with("    ");
}

// An item of a list is a paragraph of its own: "- " and the lines up to the next item.
bool starts_item(const std::string& line) {
    return line.starts_with("- ");
}

}  // namespace

std::string markdown_as_text(const std::string& markdown) {
    std::string text, paragraph;
    bool in_code = false;
    const auto end_paragraph = [&] {
        if (starts_item(paragraph)) {
            text += prose(paragraph.substr(2), "  - ");
        } else if (!paragraph.empty()) {
            text += prose(paragraph);
        }
        paragraph.clear();
    };
    for (std::string line : lines_of(markdown)) {
        line = without_bold(line);
        const bool as_it_is = in_code || line.empty() || keeps_its_lines(line);
        if (as_it_is || starts_item(line)) end_paragraph();
        if (line.starts_with("```")) {
            in_code = !in_code;
        } else if (as_it_is) {
            text += (line.empty() ? "" : "  ") + line + "\n";
        } else {
            paragraph += (paragraph.empty() ? "" : " ") + line.substr(line.find_first_not_of(' '));
        }
    }
    end_paragraph();
    return text;
}

std::string progress_bar(std::size_t solved, std::size_t all) {
    std::string bar;
    for (std::size_t i = 0; i < all; ++i) bar += i < solved ? "■" : "□";
    return fmt::format("{} {} of {}", bar, solved, all);
}

std::string feedback(const Exercise& exercise, const Checked& checked) {
    if (checked.state == Checked::State::unreadable || checked.state == Checked::State::does_not_build)
        return "\n✗ " +
               (checked.state == Checked::State::unreadable ? printable(checked.message) : checked.message) +
               "\n";

    std::string text;
    if (!checked.warnings.empty()) text += "\n" + checked.warnings;
    const TestReport* failed = checked.report.told_failure();
    if (failed != nullptr && failed->outcome == Outcome::missing)
        return text +
               fmt::format("\n✗ {}\n{}", failed->title, prose("Not written yet: " + failed->problem + "."));

    text += "\n";
    for (const TestReport& test : checked.report.tests)
        text += fmt::format("  {} {}\n", mark(test.outcome), test.title);
    if (failed != nullptr)
        text += failed_test(*failed) + fmt::format("\n  The walk shows it: {}\n", exercise.shown_in);
    return text;
}

}  // namespace exercise
