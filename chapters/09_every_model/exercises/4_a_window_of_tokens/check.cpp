#include "common/exercise/check.hpp"

#include <limits>
#include <tuple>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/09_every_model/exercises/4_a_window_of_tokens/call.hpp"
#include "chapters/09_every_model/mask.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/09_every_model/exercises/4_a_window_of_tokens/window_weights.cpp"
}

using namespace exercise;

Matrix window_weights(const Matrix& scores, const Call& call);
Call fixture();

namespace {

Matrix scores_of(const Call& call) {
    return random_tensor<2>(951, {call.tokens, call.start_pos + call.tokens});
}

// The weights by the lesson's mask.
Matrix weights_with(const Matrix& scores, const ch9::Mask& mask, std::size_t start_pos) {
    return ch3::masked_softmax(ch3::masked_fill(
        scores, ch9::hidden_keys(mask, scores.shape(0), start_pos, scores.shape(1), 0), ch3::True::hides));
}

ch9::Mask window_of(std::size_t keys) {
    return {.causal = true, .window = keys, .chunk = {}};
}

Matrix expected(const Matrix& scores, const Call& call) {
    return weights_with(scores, window_of(call.window), call.start_pos);
}

void give(const Call& call) {
    given("start_pos", static_cast<double>(call.start_pos));
    given("tokens", static_cast<double>(call.tokens));
    given("window", static_cast<double>(call.window));
    given("scores", scores_of(call));
}

void check_call(const Call& call) {
    const Matrix scores = scores_of(call);
    check_tensor(
        "attn_weights", answer([&] { return window_weights(scores, call); }), expected(scores, call),
        {"T", "S"},
        {{"bug-unchanged", "these are the numbers of the code as it was given: the bug is still there",
          "how many keys of a row have a weight?", [&] { return shipped::window_weights(scores, call); }},
         {"window-too-narrow", "a query sees one key too few",
          "the query's own key is one of the window's keys",
          [&] { return weights_with(scores, window_of(call.window - 1), call.start_pos); }},
         {"window-missing", "no key is too old for a query", "mask the keys before position - window + 1",
          [&] { return weights_with(scores, ch9::Mask{}, call.start_pos); }},
         {"later-keys-visible", "later keys are not masked", "is_later || is_too_old",
          [&] {
              return weights_with(scores, {.causal = false, .window = call.window, .chunk = {}},
                                  call.start_pos);
          }},
         {"window-as-chunk", "the window begins anew at multiples of its length, as a chunk does",
          "the oldest visible key is at position - window + 1",
          [&] {
              return weights_with(scores, {.causal = true, .window = {}, .chunk = call.window},
                                  call.start_pos);
          }},
         {"mask-without-start-pos", "the mask treats the first new token as if it were at position 0",
          "position = start_pos + i", [&] { return weights_with(scores, window_of(call.window), 0); }}});
}

void check_with(const Call& call) {
    give(call);
    check_call(call);
}

}  // namespace

TEST("the friendly test: five tokens and a window of six") {
    check_with({.start_pos = 0, .tokens = 5, .window = 6});
}

TEST("the check's fixture: seven tokens and a window of three") {
    check_with({.start_pos = 0, .tokens = 7, .window = 3});
}

TEST("two tokens after eight others") {
    check_with({.start_pos = 8, .tokens = 2, .window = 4});
}

TEST("your fixture fails with the bug and passes with your repair") {
    const auto [start_pos, tokens, window] = answer([] {
        const Call made = fixture();
        return std::tuple(made.start_pos, made.tokens, made.window);
    });
    const Call call{start_pos, tokens, window};
    check_that(tokens > 0 && window > 0, "the fixture has a new token, and a window has a key");
    check_that(start_pos <= 1000 && tokens <= 1000 && start_pos + tokens <= 1000 && window <= 1000,
               "the fixture has at most 1000 positions, and a window of at most 1000 keys");
    const Matrix scores = scores_of(call);
    give(call);
    check_fixture(shipped::window_weights(scores, call), expected(scores, call),
                  "no query has more keys than the window allows, so none is masked by the window");
    check_call(call);
}
