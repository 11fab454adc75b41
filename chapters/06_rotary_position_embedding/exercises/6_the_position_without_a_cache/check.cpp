#include "common/exercise/check.hpp"

#include <functional>
#include <tuple>

#include "chapters/06_rotary_position_embedding/exercises/6_the_position_without_a_cache/rotated.hpp"
#include "chapters/06_rotary_position_embedding/rope.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/06_rotary_position_embedding/exercises/6_the_position_without_a_cache/newest_queries.cpp"
}

using namespace exercise;

Matrix newest_queries(const Matrix& queries, std::size_t prompt, bool use_cache);
std::tuple<Matrix, std::size_t, bool> fixture();

namespace {

// The lesson's rotation of the newest query of each call, at the position that `position_of(call)` gives.
Matrix rotated_at(const Matrix& queries, std::size_t prompt,
                  const std::function<std::size_t(std::size_t)>& position_of) {
    const std::size_t calls = queries.shape(0) - prompt + 1, head_dim = queries.shape(1);
    const ch6::ComplexMatrix table =
        ch6::rotation_table(ch6::frequencies(head_dim, 10000.0f), 2 * queries.shape(0) + 1);
    Matrix newest = Matrix::from_shape({calls, head_dim});
    for (std::size_t call = 0; call < calls; ++call) {
        Tensor4 query = Tensor4::from_shape({1, 1, 1, head_dim});
        xt::view(query, 0, 0, 0) = xt::view(queries, prompt + call - 1);
        xt::view(newest, call) = xt::view(ch6::rotate(query, table, position_of(call)), 0, 0, 0);
    }
    return newest;
}

// A token has the same position in every call.
Matrix expected(const Matrix& queries, std::size_t prompt) {
    return rotated_at(queries, prompt, [&](std::size_t call) { return prompt + call - 1; });
}

void check_text(const Matrix& queries, std::size_t prompt, bool use_cache) {
    check_tensor(
        "newest queries", answer([&] { return newest_queries(queries, prompt, use_cache); }),
        expected(queries, prompt), {"call", "head_dim"},
        {{"position-goes-on",
          "every call begins where the call before ended, also if it gets the whole text again",
          "without a cache, every call begins at position 0",
          [&] { return shipped::newest_queries(queries, prompt, use_cache); }},
         {"rope-without-start-pos", "every call begins at position 0, also if it gets the new token only",
          "with a cache, the new token follows the cached ones",
          [&] {
              return rotated_at(queries, prompt, [&](std::size_t call) {
                  return use_cache && call > 0 ? 0 : prompt + call - 1;
              });
          }},
         {"rope-off-by-one", "the tokens of later calls are rotated one position too far",
          "after a prompt of 3 tokens, the new token is at position 3", [&] {
              return rotated_at(queries, prompt,
                                [&](std::size_t call) { return call > 0 ? prompt + call : prompt - 1; });
          }}});
}

void show(const Matrix& queries, std::size_t prompt, bool use_cache) {
    given("queries", queries);
    given("prompt", static_cast<double>(prompt));
    given("use_cache (1 is true)", use_cache ? 1 : 0);
}

}  // namespace

TEST("the friendly test: a prompt of three tokens, then two more, with a cache") {
    const Matrix queries = random_tensor<2>(125, {5, 4});
    show(queries, 3, true);
    check_text(queries, 3, true);
}

TEST("the check's fixture: the same without a cache") {
    const Matrix queries = random_tensor<2>(125, {5, 4});
    show(queries, 3, false);
    check_text(queries, 3, false);
}

TEST("a prompt of one token, without a cache") {
    const Matrix queries = random_tensor<2>(124, {4, 6});
    show(queries, 1, false);
    check_text(queries, 1, false);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const auto [queries, prompt, use_cache] = answer([] { return fixture(); });
    show(queries, prompt, use_cache);
    const bool is_text = prompt >= 1 && prompt <= queries.shape(0) && queries.shape(0) <= 100 &&
                         queries.shape(1) >= 2 && queries.shape(1) % 2 == 0;
    check_that(
        is_text,
        "the prompt has at least one token and at most all of the text, the text has at most 100 tokens, and "
        "head_dim is even");
    if (!is_text) return;
    check_fixture(shipped::newest_queries(queries, prompt, use_cache), expected(queries, prompt),
                  "with a cache the positions are right, and with a single call nothing goes on");
    check_text(queries, prompt, use_cache);
}
