#include "common/printable.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace {

// A code point and the number of its bytes.
struct Character {
    char32_t code;
    std::size_t size;
};
constexpr Character no_utf8{0, 1};  // a single byte; the code point 0 is a control character

// The character at the start of `text`, which is not empty.
Character first_character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return {byte(0), 1};

    // The first byte says how many follow, each with six bits. A shorter form of the same number is no UTF-8.
    const std::size_t size = byte(0) < 0xc2   ? 0
                             : byte(0) < 0xe0 ? 2
                             : byte(0) < 0xf0 ? 3
                             : byte(0) < 0xf5 ? 4
                                              : 0;
    if (size == 0 || size > text.size()) return no_utf8;
    char32_t code = byte(0) & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return no_utf8;
        code = code << 6U | (byte(i) & 0x3fU);
    }
    constexpr std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < smallest.at(size) || is_surrogate || code > 0x10ffff) return no_utf8;
    return {code, size};
}

bool is_safe(char32_t code) {
    struct Range {
        char32_t first, last;
    };
    constexpr std::array<Range, 7> unsafe = {{{0x00, 0x1f},
                                              {0x7f, 0x9f},        // DEL and C1
                                              {0x61c, 0x61c},      // Arabic letter mark
                                              {0x200e, 0x200f},    // left-to-right and right-to-left marks
                                              {0x2028, 0x202e},    // separators, embeddings and overrides
                                              {0x2066, 0x2069},    // isolates
                                              {0xfeff, 0xfeff}}};  // byte order mark
    return std::none_of(unsafe.begin(), unsafe.end(),
                        [code](const Range& range) { return range.first <= code && code <= range.last; });
}

}  // namespace

std::string printable(std::string_view text) {
    std::string line;
    while (!text.empty()) {
        const auto [code, size] = first_character(text);
        if (is_safe(code)) {
            line += text.substr(0, size);
        } else {
            line += '?';
        }
        text.remove_prefix(size);
    }
    return line;
}
