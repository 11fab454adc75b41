#include "common/exercise/check.hpp"

#include <algorithm>
#include <stdexcept>
#include <tuple>

using namespace exercise;

void write_keys(Tensor4& cache, std::size_t start_pos, const Tensor4& new_keys);
Tensor4 read_keys(const Tensor4& cache, std::size_t batch, std::size_t stop);

namespace {

const std::vector<std::string> cache_axes = {"B", "S", "H_kv", "head_dim"};

// The cache of a conversation that has gone on for some time: no place contains a zero.
Tensor4 used_cache() {
    return random_tensor<4>(58, {2, 5, 2, 2});
}

// The cache with the new keys of `sequences` sequences, and of as many tokens as fit.
Tensor4 written(Tensor4 cache, std::size_t start_pos, const Tensor4& new_keys, std::size_t sequences) {
    for (std::size_t b = 0; b < std::min(sequences, cache.shape(0)); ++b) {
        for (std::size_t t = 0; t < new_keys.shape(1) && start_pos + t < cache.shape(1); ++t)
            xt::view(cache, b, start_pos + t) = xt::view(new_keys, b, t);
    }
    return cache;
}

Tensor4 after_writing(std::size_t start_pos, const Tensor4& new_keys) {
    Tensor4 cache = used_cache();
    write_keys(cache, start_pos, new_keys);
    return cache;
}

void check_write(std::size_t start_pos, const Tensor4& new_keys) {
    const Tensor4 cache = used_cache();
    const std::size_t batch = new_keys.shape(0);
    given("cache", cache);
    given("start_pos", static_cast<double>(start_pos));
    given("new_keys", new_keys);
    check_tensor("cache", answer([&] { return after_writing(start_pos, new_keys); }),
                 written(cache, start_pos, new_keys, batch), cache_axes,
                 {{"cache-unchanged", "nothing is written", "cache(b, start_pos + t, h, d) = ...",
                   [&] { return cache; }},
                  {"cache-offset", "the new keys overwrite the oldest ones instead of following the last",
                   "cache(b, start_pos + t, h, d)", [&] { return written(cache, 0, new_keys, batch); }},
                  {"cache-first-sequence-only", "only the keys of the first sequence are written",
                   "a loop over b", [&] { return written(cache, start_pos, new_keys, 1); }},
                  {"cache-cleared", "what the call does not write has become 0",
                   "change the cache; do not make a new one", [&] {
                       const Tensor4 empty = xt::zeros_like(cache);
                       return written(empty, start_pos, new_keys, batch);
                   }}});
}

void check_refusal(std::size_t start_pos, const Tensor4& new_keys) {
    const Tensor4 cache = used_cache();
    given("cache", cache);
    given("start_pos", static_cast<double>(start_pos));
    given("new_keys", new_keys);
    const auto [is_refused, after] = answer([&] {
        Tensor4 changed = cache;
        try {
            write_keys(changed, start_pos, new_keys);
        } catch (const std::invalid_argument&) {
            return std::tuple(true, changed);
        } catch (const Missing&) {
            throw;
        } catch (const std::exception&) {
            // xtensor's, for example: not the one that the task asks for.
        }
        return std::tuple(false, changed);
    });
    check_that(is_refused, "write_keys throws std::invalid_argument if the new keys do not fit");
    check_tensor("cache", after, cache, cache_axes,
                 {{"written-before-refused", "some keys are written before the exception is thrown",
                   "compare the sizes first",
                   [&] { return written(cache, start_pos, new_keys, new_keys.shape(0)); }}});
}

}  // namespace

TEST("two tokens of both sequences, from position 0 on") {
    check_write(0, random_tensor<4>(59, {2, 2, 2, 2}));
}

TEST("two more tokens, from position 2 on") {
    check_write(2, random_tensor<4>(60, {2, 2, 2, 2}));
}

TEST("the last place of the first sequence") {
    check_write(4, random_tensor<4>(61, {1, 1, 2, 2}));
}

TEST("read three tokens of one sequence") {
    const Tensor4 cache = used_cache();
    given("cache", cache);
    given("batch", 1);
    given("stop", 3);
    const auto read = [&](std::size_t batch, std::size_t tokens) -> AnyTensor {
        return torch::narrow(torch::narrow(cache, 1, 0, tokens), 0, 0, batch);
    };
    check_tensor("keys", answer([&] { return read_keys(cache, 1, 3); }), read(1, 3), cache_axes,
                 {{"read-whole-buffer", "all places are returned, with those that this text has not reached",
                   "narrow along axis 1 to `stop` tokens", [&] { return read(1, 5); }},
                  {"read-all-sequences", "the keys of all sequences are returned",
                   "narrow along axis 0 to `batch` sequences", [&] { return read(2, 3); }},
                  {"read-one-short", "the last token is missing",
                   "the positions 0 to stop - 1 are `stop` tokens", [&] { return read(1, 2); }},
                  {"read-whole-buffer", "the whole buffer is returned",
                   "narrow along axis 0 and along axis 1", [&] { return AnyTensor(cache); }}});
}

TEST("three tokens from position 3 on do not fit") {
    check_refusal(3, random_tensor<4>(62, {2, 3, 2, 2}));
}

TEST("three sequences do not fit") {
    check_refusal(0, random_tensor<4>(63, {3, 1, 2, 2}));
}
