#include "common/exercise/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "common/compare/closeness.hpp"
#include "common/compare/diagnosis.hpp"
#include "common/compare/read_value.hpp"
#include "common/compare/report.hpp"
#include "common/document/step.hpp"
#include "common/exercise/limited_process.hpp"
#include "common/exercise/lines.hpp"
#include "common/exercise/session.hpp"
#include "common/printable.hpp"
#include "common/torch/print.hpp"
#include "common/torch/random.hpp"

namespace exercise {
namespace {

struct RegisteredTest {
    std::string title;
    void (*body)();
};

std::vector<RegisteredTest>& tests() {
    static std::vector<RegisteredTest> all;
    return all;
}

// Ends a test whose report says why.
struct TestEnds {};

// The messages of the student's process: a letter, then the result or the words.
constexpr char result_message = 'R', missing_message = 'M', exception_message = 'E';

// The test that is being judged; null in the student's process.
struct Judging {
    std::size_t index = 0;
    TestReport report;
    // The values that the function gets. How much of a tensor is shown depends on the first difference.
    std::vector<std::pair<std::string, std::function<std::string(const Shape& place)>>> given;
    Shape first_difference;  // its index on each axis
    std::string answer_program;
    std::map<std::string, std::string> predictions;
    std::unique_ptr<LimitedProcess> process;
};
Judging* judging = nullptr;

[[noreturn]] void end_test(Outcome outcome, std::string problem) {
    judging->report.outcome = outcome;
    judging->report.problem = std::move(problem);
    throw TestEnds{};
}

std::string signal_in_words(int signal) {
    switch (signal) {
        case SIGSEGV:
        case SIGBUS:
            return "it read or wrote memory that is not its own";
        case SIGABRT:
            return "it called abort";
        case SIGFPE:
            return "it divided a whole number by zero";
        case SIGXCPU:
        case SIGKILL:
            return "it was killed, perhaps for its use of memory";
        case SIGSYS:
            return "it called the system for something that an exercise does not need";
        default:
            return fmt::format("signal {} ended it", signal);
    }
}

// The student's process is gone before it returned a result.
[[noreturn]] void explain_end() {
    const Ended ended = judging->process->wait();
    judging->report.printed = ended.output;
    if (ended.timed_out) {
        end_test(Outcome::timed_out,
                 fmt::format("it ran for more than {} seconds; perhaps a loop has no end", Limits{}.seconds));
    }
    if (ended.printed_too_much) {
        end_test(Outcome::crashed, fmt::format("it printed more than {} KB", Limits{}.output >> 10U));
    }
    if (ended.sent_too_much)
        end_test(Outcome::crashed,
                 fmt::format("its result is larger than {} MB", LimitedProcess::largest_message >> 20U));
    if (ended.signal != 0) end_test(Outcome::crashed, "it crashed: " + signal_in_words(ended.signal));
    end_test(Outcome::crashed,
             fmt::format("it ended the program with status {} before it returned", ended.status));
}

// --- comparing

// The index on each axis of the element number `place`.
Shape index_of(std::size_t place, const Shape& shape) {
    Shape index(shape.size());
    for (std::size_t axis = shape.size(); axis-- > 0; place /= shape[axis]) index[axis] = place % shape[axis];
    return index;
}

// tensor[index] along the first axis.
AnyTensor element_of(const AnyTensor& tensor, std::size_t index) {
    const std::size_t size = tensor.size() / tensor.shape.front();
    const auto elements = [&]<class T>(const std::vector<T>& values) -> AnyTensor::Values {
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(index * size);
        return std::vector<T>(first, first + static_cast<std::ptrdiff_t>(size));
    };
    return {{tensor.shape.begin() + 1, tensor.shape.end()}, std::visit(elements, tensor.values)};
}

// A tensor as PyTorch prints it. If it does not fit a screen, only the part that contains the element `place`
// is printed, keys[1] or keys[1, 0], and a line after it says so. A part is at least a matrix.
std::string print(const std::string& name, const AnyTensor& tensor, const Shape& place) {
    constexpr std::ptrdiff_t most_lines = 24;
    AnyTensor part = tensor;
    Shape taken;
    std::string text = torch::to_string(part);
    while (part.shape.size() > 2 && std::count(text.begin(), text.end(), '\n') >= most_lines) {
        const std::size_t axis = taken.size();
        const bool has_place = axis < place.size() && place[axis] < part.shape.front();
        taken.push_back(has_place ? place[axis] : 0);
        part = element_of(part, taken.back());
        text = torch::to_string(part);
    }
    if (taken.empty()) return text;
    return fmt::format("{}\n  (this is {}[{}], a part of {})", text, name, fmt::join(taken, ", "),
                       to_string(tensor.shape));
}

// The comparison of one tensor with the machinery of --compare: the first difference in words, and the cause.
Comparison compared(const std::string& name, const std::vector<PrintedTensor>& yours,
                    const Document& document, const Causes& causes) {
    Comparison comparison = compare(document, "", yours);
    Mistakes mistakes;
    for (const Cause& cause : causes) {
        const auto tensors = [&] { return NamedTensors{{name, cause.value()}}; };
        mistakes.push_back({cause.id, cause.cause, cause.advice, tensors});
    }
    diagnose(comparison, mistakes, [&](auto, auto) { return document; });
    return comparison;
}

}  // namespace

Registration::Registration(std::string title, void (*body)()) {
    tests().push_back({std::move(title), body});
}

Cause cause_of(const Mistakes& table, const std::string& id, std::function<AnyTensor()> value,
               std::size_t nth) {
    for (const Mistake& mistake : table) {
        if (mistake.id == id && nth-- == 0) return {id, mistake.cause, mistake.advice, std::move(value)};
    }
    throw std::logic_error("the chapter's table has no mistake " + id);
}

void given(const std::string& name, const AnyTensor& value) {
    if (judging == nullptr) return;
    judging->given.emplace_back(name, [=](const Shape& place) { return print(name, value, place); });
}

void given(const std::string& name, double value) {
    // In float32, as the student's function gets it: 0.7, and not 0.699999988079071.
    if (judging == nullptr) return;
    judging->given.emplace_back(name, [=](auto) { return fmt::format("{}", static_cast<float>(value)); });
}

void check_tensor(const std::string& name, const AnyTensor& yours, const AnyTensor& expected,
                  const std::vector<std::string>& axes, const Causes& causes) {
    if (judging == nullptr) return;
    Document document;
    document.parts.emplace_back(Step{});
    std::get<Step>(document.parts.back()).show(name, expected, axes);
    const std::vector<PrintedTensor> printed{printed_from(name, yours)};
    const Comparison comparison = compared(name, printed, document, causes);
    const ComparedTensor& tensor = comparison.tensors.front();
    if (tensor.result == Result::agrees) return;

    TestReport& report = judging->report;
    report.what = name;
    // A complex number is two of the numbers that were compared.
    if (tensor.closeness.first)
        judging->first_difference =
            index_of(*tensor.closeness.first / (tensor.ours.numbers.is_complex ? 2 : 1), expected.shape);
    report.yours = print(name, yours, judging->first_difference);
    report.expected = print(name, expected, judging->first_difference);
    if (tensor.hint) report.cause = {tensor.hint->id, tensor.hint->cause, tensor.hint->advice};
    end_test(Outcome::wrong, fmt::format("{} differs, {}", name, difference_in_words(tensor)));
}

void check_number(const std::string& name, double yours, double expected, const Causes& causes) {
    check_tensor(name, AnyTensor(static_cast<float>(yours)), AnyTensor(static_cast<float>(expected)), {},
                 causes);
}

void check_that(bool holds, const std::string& words) {
    if (judging != nullptr && !holds) end_test(Outcome::wrong, "this does not hold: " + words);
}

void check_fixture(const AnyTensor& of_the_bug, const AnyTensor& of_the_repair, const std::string& why_not) {
    if (judging == nullptr) return;
    Document document;
    document.parts.emplace_back(Step{});
    std::get<Step>(document.parts.back()).show("result", of_the_repair, {});
    const std::vector<PrintedTensor> printed{printed_from("result", of_the_bug)};
    if (compare(document, "", printed).tensors.front().result != Result::agrees) return;
    judging->report.cause = {"fixture-friendly", why_not, ""};
    end_test(Outcome::wrong, "your fixture passes with the bug: both versions give the same numbers on it");
}

// --- predictions

namespace {

// Without blanks and brackets, in lower case: "(6, 3)", "6,3" and "torch.Size([6, 3])" are the same.
std::string plain(std::string text) {
    const std::size_t size = text.find("torch.Size");
    if (size != std::string::npos) text.erase(size, 10);
    std::erase_if(text,
                  [](char c) { return std::string_view(" \t\r()[]").find(c) != std::string_view::npos; });
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (text.ends_with(',')) text.pop_back();
    return text;
}

// The student's value, or the end of the test where there is none.
std::string predicted(const std::string& name) {
    const auto found = judging->predictions.find(name);
    if (found == judging->predictions.end() || plain(found->second).empty() || plain(found->second) == "?")
        end_test(Outcome::missing, fmt::format("write your prediction behind \"{}:\"", name));
    return plain(found->second);
}

[[noreturn]] void wrong_prediction(const std::string& name, const std::string& yours,
                                   const std::vector<WrongPrediction>& typical) {
    TestReport& report = judging->report;
    report.what = name;
    report.yours = printable(judging->predictions.at(name));
    for (const WrongPrediction& each : typical) {
        if (plain(each.value) != yours) continue;
        report.cause = {each.id, each.cause, each.advice};
        break;
    }
    end_test(Outcome::wrong,
             fmt::format("{} is not {}: the program computes something else", name, report.yours));
}

}  // namespace

void check_prediction(const std::string& name, const Shape& computed,
                      const std::vector<WrongPrediction>& typical) {
    if (judging == nullptr) return;
    const std::string yours = predicted(name);
    if (yours != plain(fmt::format("{}", fmt::join(computed, ",")))) wrong_prediction(name, yours, typical);
}

void check_prediction(const std::string& name, double computed, const std::vector<WrongPrediction>& typical) {
    if (judging == nullptr) return;
    const std::string yours = predicted(name);
    char* end = nullptr;
    PrintedTensor printed;
    printed.numbers.push_back({yours, std::strtod(yours.c_str(), &end)});
    if (*end != '\0')
        end_test(Outcome::wrong, fmt::format("{} must be a number, and {} is none", name, printable(yours)));
    if (!agrees(printed.numbers.front(), computed, writing_of(printed)))
        wrong_prediction(name, yours, typical);
}

void check_prediction(const std::string& name, bool computed, const std::vector<WrongPrediction>& typical) {
    if (judging == nullptr) return;
    const std::string yours = predicted(name);
    if (yours != "yes" && yours != "no") end_test(Outcome::wrong, fmt::format("{} must be yes or no", name));
    if ((yours == "yes") != computed) wrong_prediction(name, yours, typical);
}

template <std::size_t N>
Tensor<N> random_tensor(std::uint64_t seed, const std::array<std::size_t, N>& shape) {
    std::size_t size = 1;
    for (const std::size_t length : shape) size *= length;
    torch::Generator generator(seed);
    const Vector values = torch::randn(generator, size);
    Tensor<N> tensor = Tensor<N>::from_shape(shape);
    std::copy(values.begin(), values.end(), tensor.begin());
    return tensor;
}
template Tensor<1> random_tensor(std::uint64_t, const std::array<std::size_t, 1>&);
template Tensor<2> random_tensor(std::uint64_t, const std::array<std::size_t, 2>&);
template Tensor<3> random_tensor(std::uint64_t, const std::array<std::size_t, 3>&);
template Tensor<4> random_tensor(std::uint64_t, const std::array<std::size_t, 4>&);

// --- the two processes

bool runs_students_code() {
    return judging == nullptr;
}

void send_result(const std::string& bytes) {
    send_message(result_message + bytes);
}

std::string receive_result() {
    if (!judging->process) {
        judging->process = std::make_unique<LimitedProcess>(
            std::vector<std::string>{judging->answer_program, std::to_string(judging->index)}, "/",
            Limits{.untrusted = true});
    }
    const std::optional<std::string> message = judging->process->next_message();
    if (!message || message->empty()) explain_end();
    const std::string text = message->substr(1);
    if (message->front() == result_message) return text;
    if (message->front() == missing_message) end_test(Outcome::missing, printable(text));
    // xtensor's message is several lines, and the last one says which index is wrong, after a tab.
    const std::vector<std::string> lines = lines_of(text);
    const std::string last = lines.empty() ? "" : lines.back();
    const std::size_t start = std::min(last.size(), last.find_first_not_of(" \t"));
    end_test(Outcome::crashed, "it threw an exception: " + printable(last.substr(start)));
}

void refuse_result() {
    end_test(Outcome::crashed, "its result cannot be read");
}

void answer_test(std::size_t index) {
    try {
        tests().at(index).body();
    } catch (const Missing& missing) {
        send_message(missing_message + std::string(missing.what()));
    } catch (const std::bad_alloc&) {
        send_message(exception_message + std::string("it asked for more memory than the ") +
                     std::to_string(Limits{}.memory >> 30U) + " GB that a check may use");
    } catch (const std::exception& error) {
        send_message(exception_message + std::string(error.what()));
    }
}

namespace {

// "name: value", a line each.
std::map<std::string, std::string> read_predictions(const std::string& path) {
    std::map<std::string, std::string> predictions;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(':');
        if (line.starts_with('#') || colon == std::string::npos) continue;
        const std::size_t start = line.find_first_not_of(" \t", colon + 1);
        predictions[line.substr(0, colon)] = start == std::string::npos ? "" : line.substr(start);
    }
    return predictions;
}

}  // namespace

CheckReport judge(const std::string& answer_program, const std::string& answers_file) {
    CheckReport report;
    bool goes_on = true;
    for (std::size_t i = 0; i < tests().size(); ++i) {
        Judging test;
        test.index = i;
        test.report.title = tests()[i].title;
        test.answer_program = answer_program;
        if (!answers_file.empty()) test.predictions = read_predictions(answers_file);
        if (goes_on) {
            judging = &test;
            try {
                tests()[i].body();
                test.report.outcome = Outcome::passed;
            } catch (const TestEnds&) {
                // What comes after costs another ten seconds, or says the same again.
                goes_on =
                    test.report.outcome != Outcome::timed_out && test.report.outcome != Outcome::missing;
            } catch (const std::exception& error) {
                // The check computes with what the student's code returned, such as a fixture of another
                // shape.
                test.report.outcome = Outcome::wrong;
                test.report.problem =
                    std::string("the check cannot use this result: ") + printable(error.what());
            }
            if (test.report.outcome != Outcome::passed) {
                for (const auto& [name, text] : test.given)
                    test.report.given.push_back({name, text(test.first_difference)});
            }
            if (test.process) {
                // What the code has printed may come only when its process ends.
                if (test.report.outcome != Outcome::passed && test.report.printed.empty())
                    test.report.printed = test.process->wait().output;
                test.process->kill();
            }
        }
        report.tests.push_back(std::move(test.report));
    }
    return report;
}

}  // namespace exercise
