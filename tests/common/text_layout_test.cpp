#include "common/render/text_layout.hpp"

#include "tests/support/catch.hpp"

TEST_CASE("columns are code points, not bytes") {
    CHECK(columns("Q Kᵀ / √d_k") == 11);
    CHECK(columns("") == 0);
    CHECK(pad_left("√", 3) == "  √");
    CHECK(pad_right("√", 3) == "√  ");
    CHECK(pad_right("longer", 3) == "longer");
    CHECK(cut("√d_k·x", 4) == "√d_k");
    CHECK(cut("ab", 4) == "ab");
}

TEST_CASE("wrap breaks at spaces, never inside a word") {
    CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
    CHECK(wrap("incomprehensibilities are long", 8) ==
          std::vector<std::string>{"incomprehensibilities", "are long"});
    CHECK(wrap("", 8).empty());
    CHECK(wrap("√√√ √√√", 7) == std::vector<std::string>{"√√√ √√√"});
}

TEST_CASE("formulas have an ASCII form") {
    CHECK(to_ascii("A = softmax(Q Kᵀ / √d_k)") == "A = softmax(Q K^T / sqrt d_k)");
    CHECK(to_ascii("maskedᵢⱼ = -∞  if j ≤ i") == "masked_i_j = -inf  if j <= i");
    CHECK(to_ascii("日") == "?");
}
