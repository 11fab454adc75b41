// Splits a formula into names, numbers, signs, superscripts and subscripts.
#pragma once
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

enum class Kind {
    name,
    words,
    number,
    times,
    sign,
    open,
    close,
    bar,
    slash,
    root,
    sum,
    caret,
    above,
    below,
    end
};

struct Token {
    Kind kind;
    std::string text;
    std::size_t spaces;     // before the token
    std::size_t start = 0;  // its position in the formula, in bytes
};

// Thrown for a formula that we do not understand; what() is the text at that place.
struct NotUnderstood : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// "sᵢⱼ / 2" -> s, ᵢⱼ, /, 2, end. The text of a superscript or subscript is in plain letters: "ij" of kind
// `below`. Throws NotUnderstood.
std::vector<Token> tokens_of(std::string_view formula);
