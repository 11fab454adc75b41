#include "common/exercise/check.hpp"

#include <cmath>

#include "chapters/08_llama_4/mistakes.hpp"
#include "chapters/08_llama_4/temperature.hpp"

using namespace exercise;

Vector temperature(std::size_t start_pos, std::size_t tokens, float floor_scale, float attn_scale);

namespace {

void check_factors(std::size_t start_pos, std::size_t tokens, float floor_scale, float attn_scale) {
    given("start_pos", static_cast<double>(start_pos));
    given("tokens", static_cast<double>(tokens));
    given("floor_scale", static_cast<double>(floor_scale));
    given("attn_scale", static_cast<double>(attn_scale));
    // The factors by another rule for a position.
    const auto by = [=](auto rule) {
        return [=] {
            Vector factors = Vector::from_shape({tokens});
            for (std::size_t t = 0; t < tokens; ++t) factors(t) = rule(static_cast<float>(start_pos + t));
            return AnyTensor(factors);
        };
    };
    const Mistakes table = ch8::mistakes();
    check_tensor(
        "factors", answer([&] { return temperature(start_pos, tokens, floor_scale, attn_scale); }),
        ch8::temperature(start_pos, tokens, floor_scale, attn_scale), {"T"},
        {cause_of(table, "temperature-without-floor", by([=](float position) {
                      return std::log((position + 1.0f) / floor_scale + 1.0f) * attn_scale + 1.0f;
                  })),
         cause_of(table, "temperature-floor-of-position", by([=](float position) {
                      return std::log(std::floor(position / floor_scale) + 1.0f) * attn_scale + 1.0f;
                  })),
         cause_of(table, "temperature-without-one", by([=](float position) {
                      return std::log(std::floor((position + 1.0f) / floor_scale) + 1.0f) * attn_scale;
                  })),
         cause_of(table, "temperature-without-start-pos",
                  [=] { return ch8::temperature(0, tokens, floor_scale, attn_scale); }),
         {"temperature-log-10", "this is the logarithm to the base 10", "std::log is ln",
          by([=](float position) {
              return std::log10(std::floor((position + 1.0f) / floor_scale) + 1.0f) * attn_scale + 1.0f;
          })},
         {"temperature-one-inside-floor", "1 is added before the rounding, not after it",
          "floor((position + 1) / floor_scale) + 1", by([=](float position) {
              return std::log(std::floor((position + 2.0f) / floor_scale) + 1.0f) * attn_scale + 1.0f;
          })}});
}

}  // namespace

TEST("eleven tokens from position 0") {
    check_factors(0, 11, 3.0f, 0.25f);
}

TEST("two tokens after five others") {
    check_factors(5, 2, 3.0f, 0.25f);
}

TEST("one token far into a text") {
    check_factors(100000, 1, 8192.0f, 0.125f);
}
