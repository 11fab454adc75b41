// A formula, cut into names, numbers, signs and small letters.
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
    std::size_t spaces;     // in front of it
    std::size_t start = 0;  // its place in the formula, in bytes
};

// A formula that we do not understand; what() is the place.
struct NotUnderstood : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// "sᵢⱼ / 2" -> s, ᵢⱼ, /, 2, and an end. Small letters become those they stand for: "ij", below the line.
// Throws NotUnderstood.
std::vector<Token> tokens_of(std::string_view formula);
