// What a check.cpp is written with. A check is a list of tests. Each test calls the student's function
// through answer(), and compares the result with what this program computes.
//
//     Matrix hide_future(const Matrix& scores);  // the student's function
//
//     TEST("five tokens") {
//         const Matrix scores = random_tensor<2>(31, {5, 5});
//         given("scores", scores);
//         check_tensor("masked", answer([&] { return hide_future(scores); }), expected(scores), {"T", "S"},
//                      {{"mask-missing", "nothing is masked", "mask j > i", [&] { return scores; }}});
//     }
//
// The student's function runs in a process of its own, which runs the same test up to the same answer(). So a
// test must be deterministic, and the student's code can do nothing to the check but return values.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/any_tensor.hpp"
#include "common/compare/mistake.hpp"
#include "common/exercise/missing.hpp"
#include "common/exercise/wire.hpp"
#include "common/tensor.hpp"

namespace exercise {

// A typical mistake, and the value that it gives. The student is told the cause only if it gives exactly the
// student's numbers.
struct Cause {
    std::string id;      // "mask-off-by-one"
    std::string cause;   // "the mask covers the diagonal too": one sentence without its full stop
    std::string advice;  // "j > i, not j >= i (./walk 3, step 2)"
    std::function<AnyTensor()> value;
};
using Causes = std::vector<Cause>;

// A cause with the words of a chapter's table: the entry number `nth` with this id.
Cause cause_of(const Mistakes& table, const std::string& id, std::function<AnyTensor()> value,
               std::size_t nth = 0);

// A value that the student's function gets. It is shown if the test fails.
void given(const std::string& name, const AnyTensor& value);
void given(const std::string& name, double value);

// Calls the student's function: answer([&] { return hide_future(scores); }). The result may be a tensor, a
// number, a text, or a std::vector or std::tuple of these.
template <class Call>
auto answer(Call call) -> std::decay_t<std::invoke_result_t<Call>>;

// Compares a result with what it should be. The first check that fails ends its test. `axes` are the letters
// of the shape, as in a walk; they give the words of the message ("head 1, token 3").
void check_tensor(const std::string& name, const AnyTensor& yours, const AnyTensor& expected,
                  const std::vector<std::string>& axes = {}, const Causes& causes = {});
void check_number(const std::string& name, double yours, double expected, const Causes& causes = {});

// A property: check_that(sum == 1, "each row sums to 1"). `words` says what must hold.
void check_that(bool holds, const std::string& words);

// For repair: the input that the student wrote as a fixture shows the bug where the two differ.
void check_fixture(const AnyTensor& of_the_bug, const AnyTensor& of_the_repair, const std::string& why_not);

// For predict: compares the line `name: value` of answers.txt with what this program computes. The message
// does not show the right value.
struct WrongPrediction {
    std::string value;   // as a student writes it: "6, 3"
    std::string cause;   // "this is the shape before the transpose"
    std::string advice;  // where to look
    std::string id = "prediction";
};
void check_prediction(const std::string& name, const Shape& computed,
                      const std::vector<WrongPrediction>& typical = {});
void check_prediction(const std::string& name, double computed,
                      const std::vector<WrongPrediction>& typical = {});
void check_prediction(const std::string& name, bool computed,
                      const std::vector<WrongPrediction>& typical = {});

// Normal values, of both signs; the same seed gives the same tensor.
template <std::size_t N>
Tensor<N> random_tensor(std::uint64_t seed, const std::array<std::size_t, N>& shape);

// Registers a test. Use TEST.
struct Registration {
    Registration(std::string title, void (*body)());
};

// What stands behind answer(): in the student's process it sends a result, in the check it receives one.
bool runs_students_code();
void send_result(const std::string& bytes);
std::string receive_result();
[[noreturn]] void refuse_result();

template <class Call>
auto answer(Call call) -> std::decay_t<std::invoke_result_t<Call>> {
    using Value = std::decay_t<std::invoke_result_t<Call>>;
    if (runs_students_code()) {
        Value value = call();
        send_result(to_bytes(value));
        return value;
    }
    try {
        return from_bytes<Value>(receive_result());
    } catch (const WireError&) {
        refuse_result();
    }
}

}  // namespace exercise

#define ATTN_JOIN_(a, b) a##b
#define ATTN_JOIN(a, b) ATTN_JOIN_(a, b)
#define TEST(title)                                                                                          \
    static void ATTN_JOIN(test_, __LINE__)();                                                                \
    static const exercise::Registration ATTN_JOIN(registered_, __LINE__){title, ATTN_JOIN(test_, __LINE__)}; \
    static void ATTN_JOIN(test_, __LINE__)()
