#include "common/exercise/check.hpp"

#include <limits>
#include <tuple>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/08_llama_4/chunked_mask.hpp"
#include "chapters/08_llama_4/exercises/6_decode_without_a_chunk/call.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/08_llama_4/exercises/6_decode_without_a_chunk/local_weights.cpp"
}

using namespace exercise;

Matrix local_weights(const Matrix& scores, const Call& call);
Call fixture();

namespace {

Matrix scores_of(const Call& call) {
    return random_tensor<2>(871, {call.tokens, call.start_pos + call.tokens});
}

Matrix expected(const Matrix& scores, const Call& call) {
    return ch3::masked_softmax(ch3::masked_fill(
        scores, ch8::chunked_mask(call.tokens, call.start_pos, call.chunk), ch3::True::hides));
}

// The weights if query i sees the keys from `first(position)` to its own.
template <class First>
Matrix weights_from(const Matrix& scores, const Call& call, First first) {
    Matrix masked = scores;
    for (std::size_t i = 0; i < scores.shape(0); ++i) {
        const std::size_t position = call.start_pos + i;
        for (std::size_t j = 0; j < scores.shape(1); ++j) {
            if (j > position || j < first(position)) masked(i, j) = -std::numeric_limits<float>::infinity();
        }
    }
    return ch1::softmax(masked);
}

void give(const Call& call) {
    given("start_pos", static_cast<double>(call.start_pos));
    given("tokens", static_cast<double>(call.tokens));
    given("chunk", static_cast<double>(call.chunk));
    given("scores", scores_of(call));
}

void check_call(const Call& call) {
    const Matrix scores = scores_of(call);
    check_tensor(
        "attn_weights", answer([&] { return local_weights(scores, call); }), expected(scores, call),
        {"T", "S"},
        {{"bug-unchanged", "these are the numbers of the code as it was given: the bug is still there",
          "which keys have a weight that should be 0", [&] { return shipped::local_weights(scores, call); }},
         {"chunk-as-window", "a single token sees the last keys, wherever its chunk begins",
          "position / chunk * chunk is the first key",
          [&] {
              return weights_from(scores, call, [&](std::size_t position) {
                  return position < call.chunk ? 0 : position + 1 - call.chunk;
              });
          }},
         {"mask-without-start-pos", "the mask treats the first new token as if it were at position 0",
          "position = start_pos + i",
          [&] {
              Matrix masked = scores;
              for (std::size_t i = 0; i < scores.shape(0); ++i) {
                  for (std::size_t j = 0; j < scores.shape(1); ++j) {
                      if (j > i || j / call.chunk != i / call.chunk)
                          masked(i, j) = -std::numeric_limits<float>::infinity();
                  }
              }
              return ch1::softmax(masked);
          }},
         {"chunk-missing", "no query has chunks, so all see earlier chunks", "j / chunk != position / chunk",
          [&] { return weights_from(scores, call, [](std::size_t) { return std::size_t{0}; }); }}});
}

void check_with(const Call& call) {
    give(call);
    check_call(call);
}

}  // namespace

TEST("the friendly test: seven tokens at once") {
    check_with({.start_pos = 0, .tokens = 7, .chunk = 3});
}

TEST("the check's fixture: one token after nine others") {
    check_with({.start_pos = 9, .tokens = 1, .chunk = 4});
}

TEST("two tokens after nine others") {
    check_with({.start_pos = 9, .tokens = 2, .chunk = 4});
}

TEST("your fixture fails with the bug and passes with your repair") {
    const auto [start_pos, tokens, chunk] = answer([] {
        const Call made = fixture();
        return std::tuple(made.start_pos, made.tokens, made.chunk);
    });
    const Call call{start_pos, tokens, chunk};
    check_that(tokens > 0 && chunk > 0, "the fixture has a new token, and a chunk has a position");
    check_that(start_pos <= 1000 && tokens <= 1000 && start_pos + tokens <= 1000,
               "the fixture has at most 1000 positions");
    const Matrix scores = scores_of(call);
    give(call);
    check_fixture(shipped::local_weights(scores, call), expected(scores, call),
                  "more than one token has a mask, and in the first chunk no key is in an earlier one");
    check_call(call);
}
