#include "common/exercise/check.hpp"

#include "chapters/05_grouped_query_attention/attention.hpp"
#include "chapters/08_llama_4/chunked_mask.hpp"
#include "chapters/08_llama_4/mistakes.hpp"

using namespace exercise;

ch3::MaskMatrix chunked_mask(std::size_t tokens, std::size_t start_pos, std::size_t chunk);

namespace {

void check_mask(std::size_t tokens, std::size_t start_pos, std::size_t chunk) {
    given("tokens", static_cast<double>(tokens));
    given("start_pos", static_cast<double>(start_pos));
    given("chunk", static_cast<double>(chunk));
    // The mask by another rule for query position i and key j.
    const auto by = [=](auto hides) {
        return [=] {
            ch3::MaskMatrix mask = xt::zeros<bool>({tokens, start_pos + tokens});
            for (std::size_t i = 0; i < tokens; ++i) {
                for (std::size_t j = 0; j < mask.shape(1); ++j) mask(i, j) = hides(start_pos + i, j);
            }
            return AnyTensor(mask);
        };
    };
    using Position = std::size_t;
    const ch3::MaskMatrix right = ch8::chunked_mask(tokens, start_pos, chunk);
    const Mistakes table = ch8::mistakes();
    check_tensor(
        "mask", answer([&] { return chunked_mask(tokens, start_pos, chunk); }), right, {"T", "S"},
        {{"mask-inverted", "True stands for the keys that are seen",
          "True for the keys that must not be seen",
          [&] {
              const ch3::MaskMatrix inverted = !right;
              return inverted;
          }},
         {"chunk-ignored-in-decode", "a single new token has no mask, so it sees earlier chunks",
          "the rule for one token is the same as for many",
          [&] { return tokens == 1 ? AnyTensor(ch5::future_mask(1, start_pos)) : AnyTensor(right); }},
         {"chunk-missing", "only later keys are masked, and earlier chunks are seen",
          "j / chunk != position / chunk", by([=](Position i, Position j) { return j > i; })},
         {"mask-missing-future", "the later keys of the same chunk are seen", "j > position too",
          by([=](Position i, Position j) { return j / chunk != i / chunk; })},
         {"mask-without-start-pos", "rows are compared with keys, but query i is at position start_pos + i",
          "position = start_pos + i", by([=](Position i, Position j) {
              return j > i - start_pos || j / chunk != (i - start_pos) / chunk;
          })},
         cause_of(table, "chunk-off-by-one",
                  by([=](Position i, Position j) { return j > i || (j + 1) / chunk != (i + 1) / chunk; })),
         {"chunk-as-window", "this is a sliding window: the last keys, wherever the chunk begins",
          "j / chunk != position / chunk",
          by([=](Position i, Position j) { return j > i || i >= j + chunk; })},
         {"mask-off-by-one", "the query's own key is masked too", "j > position, not j >= position",
          by([=](Position i, Position j) { return j >= i || j / chunk != i / chunk; })}});
}

}  // namespace

TEST("eight tokens in chunks of 3") {
    check_mask(8, 0, 3);
}

TEST("five tokens after six others, in chunks of 4") {
    check_mask(5, 6, 4);
}

TEST("one token after nine others, in chunks of 4") {
    check_mask(1, 9, 4);
}

TEST("one token that begins a chunk") {
    check_mask(1, 10, 5);
}

TEST("a chunk longer than the text") {
    check_mask(3, 1, 8192);
}
