// The result of a check: what each test found. The check program writes it as JSON, and the program
// `exercise` reads it.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace exercise {

enum class Outcome {
    passed,
    missing,    // the skeleton says what is to be written
    wrong,      // a value differs
    crashed,    // the student's code ended its process, or threw
    timed_out,  // it ran longer than the limit
    not_run,    // an earlier test timed out, or nothing is written yet
};

struct Explanation {
    std::string id, cause, advice;
};

// A value that the test gave to the student's function, as PyTorch prints it.
struct GivenValue {
    std::string name, text;
};

struct TestReport {
    std::string title;
    Outcome outcome = Outcome::not_run;
    std::vector<GivenValue> given;
    std::string problem;                // one sentence: what differs, what is missing, how it crashed
    std::string what, yours, expected;  // the name of the value that differs, and both values; may be empty
    std::optional<Explanation> cause;   // verified: it gives exactly the student's numbers
    std::string printed;                // what the student's code printed
};

struct CheckReport {
    std::vector<TestReport> tests;

    [[nodiscard]] bool passed() const;
    // The failed test that tells most: the first with a verified cause, else the first. Null where all pass.
    [[nodiscard]] const TestReport* told_failure() const;
};

std::string outcome_name(Outcome outcome);  // "passed", "timed out"

std::string to_json(const CheckReport& report);
// Nothing if `json` is no report.
std::optional<CheckReport> report_from_json(const std::string& json);

}  // namespace exercise
