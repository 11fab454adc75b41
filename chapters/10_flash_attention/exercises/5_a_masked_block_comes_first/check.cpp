#include "common/exercise/check.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "chapters/01_simplified_self_attention/softmax.hpp"
#include "chapters/10_flash_attention/exercises/5_a_masked_block_comes_first/query.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/10_flash_attention/exercises/5_a_masked_block_comes_first/attend_in_blocks.cpp"
}

using namespace exercise;

Vector attend_in_blocks(const Query& query, const Matrix& values);
Query fixture();

namespace {

Matrix values_of(const Query& query) {
    return random_tensor<2>(1051, {query.scores.size(), 3});
}

// Whether the keys from `first` to `stop` are all masked.
bool all_masked(const Query& query, std::size_t first, std::size_t stop) {
    for (std::size_t s = first; s < std::min(stop, query.scores.size()); ++s)
        if (query.scores(s) != masked) return false;
    return true;
}

// Chapter 1's softmax over all keys, and the weighted sum of the values.
Vector expected(const Query& query, const Matrix& values) {
    Vector context = xt::zeros<float>({values.shape(1)});
    if (all_masked(query, 0, query.scores.size())) return context;
    const Vector weights = ch1::softmax(query.scores);
    for (std::size_t s = 0; s < weights.size(); ++s) {
        for (std::size_t d = 0; d < context.size(); ++d) context(d) += weights(s) * values(s, d);
    }
    return context;
}

// Nothing is done about -inf - (-inf), which is NaN if the first block is masked.
Vector with_nan(const Query& query, const Matrix& values) {
    Vector context = expected(query, values);
    if (all_masked(query, 0, query.block)) context.fill(std::nanf(""));
    return context;
}

// The loop ends at the first masked block.
Vector stopped(Query query, const Matrix& values) {
    for (std::size_t first = 0; first < query.scores.size(); first += query.block) {
        if (!all_masked(query, first, first + query.block)) continue;
        std::fill(query.scores.begin() + static_cast<std::ptrdiff_t>(first), query.scores.end(), masked);
    }
    return expected(query, values);
}

void give(const std::string& name, const Query& query) {
    given(name + ": scores", query.scores);
    given(name + ": keys of a block", static_cast<double>(query.block));
    given("values", values_of(query));
}

void check_query(const Query& query) {
    const Matrix values = values_of(query);
    check_tensor(
        "context_vec", answer([&] { return attend_in_blocks(query, values); }), expected(query, values),
        {"d"},
        {{"infinity-minus-infinity", "-inf - (-inf) is NaN in a masked block that comes first",
          "what must a masked block change?", [&] { return with_nan(query, values); }},
         {"bug-unchanged", "these are the numbers of the code as it was given: the bug is still there",
          "m after the first block", [&] { return shipped::attend_in_blocks(query, values); }},
         {"stops-at-a-masked-block", "the keys after a masked block are lost",
          "continue goes on with the next block, break does not", [&] { return stopped(query, values); }}});
}

}  // namespace

TEST("the friendly test: a masked block, then scores between -5 and 5") {
    const Query query{{masked, masked, 1.5f, -4.5f, 4.0f, -0.25f, 3.0f}, 2};
    give("query", query);
    check_query(query);
}

TEST("the check's fixture: two masked blocks, then scores near -300") {
    const Query query{{masked, masked, masked, masked, masked, masked, -301.0f, -299.5f, masked, -300.0f}, 3};
    give("query", query);
    check_query(query);
}

TEST("no masked block") {
    const Query query{{-2.0f, 0.5f, 3.0f, -1.0f, 2.5f}, 2};
    give("query", query);
    check_query(query);
}

TEST("a masked block between others") {
    const Query query{{-120.0f, -121.0f, masked, masked, -119.0f, masked}, 2};
    give("query", query);
    check_query(query);
}

TEST("all keys are masked") {
    const Query query{{masked, masked, masked}, 2};
    give("query", query);
    check_query(query);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const auto [scores, block] = answer([] {
        const Query made = fixture();
        return std::tuple(made.scores, made.block);
    });
    const Query query{scores, block};
    check_that(query.scores.size() > 0 && query.scores.size() <= 100, "the fixture has 1 to 100 keys");
    check_that(query.block > 0, "a block has at least one key");
    check_that(std::all_of(query.scores.begin(), query.scores.end(),
                           [](float score) { return score == masked || std::isfinite(score); }),
               "each score is a number or masked");
    check_that(!all_masked(query, 0, query.scores.size()), "at least one key is visible");
    give("your fixture", query);
    check_fixture(shipped::attend_in_blocks(query, values_of(query)), expected(query, values_of(query)),
                  "no masked block comes first, or the other scores are too close to 0");
    check_query(query);
}
