#include "common/exercise/check.hpp"

#include <functional>

#include "chapters/05_grouped_query_attention/kv_cache.hpp"

// The code with the bug, as it was given.
namespace shipped {
#include "chapters/05_grouped_query_attention/exercises/5_the_offset_after_the_prompt/fill_cache.cpp"
}

using namespace exercise;

Matrix fill_cache(const std::vector<Matrix>& calls, std::size_t max_seq);
std::vector<std::size_t> fixture();

namespace {

using Calls = std::vector<Matrix>;

constexpr std::size_t head_dim = 3;

// Random keys for calls of these sizes.
Calls calls_of(const std::vector<std::size_t>& sizes, std::uint64_t seed) {
    Calls calls;
    for (const std::size_t size : sizes) calls.push_back(random_tensor<2>(seed++, {size, head_dim}));
    return calls;
}

std::size_t tokens_of(const Calls& calls) {
    std::size_t tokens = 0;
    for (const Matrix& keys : calls) tokens += keys.shape(0);
    return tokens;
}

// Room for the text, and for the holes that a wrong offset leaves.
std::size_t room_for(const Calls& calls) {
    return 2 * tokens_of(calls) + 1;
}

// The lesson's cache, filled by calls at the offsets that `next` gives: next(offset, tokens of this call).
Matrix filled(const Calls& calls, const std::function<std::size_t(std::size_t, std::size_t)>& next) {
    const std::size_t max_seq = room_for(calls);
    ch5::KVCache cache({.dim = 1,
                        .n_heads = 1,
                        .n_kv_heads = 1,
                        .head_dim = head_dim,
                        .max_batch_size = 1,
                        .max_seq_len = max_seq});
    std::size_t offset = 0;
    for (const Matrix& keys : calls) {
        const Tensor4 of_one_head =
            xt::reshape_view(keys, {std::size_t{1}, keys.shape(0), std::size_t{1}, head_dim});
        cache.write(offset, of_one_head, of_one_head);
        offset = next(offset, keys.shape(0));
    }
    return xt::view(cache.cache_k(), 0, xt::all(), 0);
}

Matrix expected(const Calls& calls) {
    return filled(calls, [](std::size_t offset, std::size_t tokens) { return offset + tokens; });
}

void check_calls(const Calls& calls) {
    check_tensor(
        "cache", answer([&] { return fill_cache(calls, room_for(calls)); }), expected(calls),
        {"S", "head_dim"},
        {{"offset-of-the-call-before",
          "the offset grows by the tokens of the call before, so after the prompt it grows by the prompt's length again",
          "by how many tokens has this call filled the cache?",
          [&] { return shipped::fill_cache(calls, room_for(calls)); }},
         {"cache-offset", "every call overwrites the keys of the calls before", "the offset after a call",
          [&] { return filled(calls, [](std::size_t, std::size_t) { return std::size_t{0}; }); }},
         {"offset-grows-by-one",
          "the offset grows by 1 after every call, also after a call with several tokens", "keys.shape(0)",
          [&] { return filled(calls, [](std::size_t offset, std::size_t) { return offset + 1; }); }}});
}

void show(const Calls& calls) {
    for (std::size_t i = 0; i < calls.size(); ++i) given("keys of call " + std::to_string(i), calls[i]);
}

}  // namespace

TEST("the friendly test: a prompt of one token, then four more") {
    const Calls calls = calls_of({1, 1, 1, 1, 1}, 67);
    show(calls);
    check_calls(calls);
}

TEST("the check's fixture: a prompt of four tokens, then three more") {
    const Calls calls = calls_of({4, 1, 1, 1}, 72);
    show(calls);
    check_calls(calls);
}

TEST("a second prompt in the middle of the text") {
    const Calls calls = calls_of({2, 1, 3, 1}, 76);
    show(calls);
    check_calls(calls);
}

TEST("your fixture fails with the bug and passes with your repair") {
    const std::vector<std::size_t> sizes = answer([] { return fixture(); });
    check_that(!sizes.empty() && sizes.size() <= 20, "the fixture has 1 to 20 calls");
    bool is_in_range = true;
    for (const std::size_t size : sizes) is_in_range = is_in_range && size >= 1 && size <= 50;
    check_that(is_in_range, "each call of the fixture has 1 to 50 tokens");
    if (sizes.empty() || !is_in_range) return;

    const Calls calls = calls_of(sizes, 80);
    for (std::size_t i = 0; i < sizes.size(); ++i)
        given("tokens of call " + std::to_string(i), static_cast<double>(sizes[i]));
    check_fixture(
        shipped::fill_cache(calls, room_for(calls)), expected(calls),
        "the offset is wrong only after a call, other than the last, that has another number of tokens than the first");
    check_calls(calls);
}
