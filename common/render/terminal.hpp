// What the place we print to can show: how wide, which characters, how many colours.
#pragma once
#include <cstddef>

// The reader's choice (--color).
enum class ColorChoice { automatic, always, never };

enum class Colors { none, sixteen, two_hundred_fifty_six, truecolor };

struct Terminal {
    std::size_t width = 80;  // columns for prose; tensors are always as wide as PyTorch prints them
    std::size_t height = 24;
    bool unicode = true;  // false: formulas, rules and ticks in plain ASCII
    Colors colors = Colors::none;
};

// Asks the environment: LC_ALL, LC_CTYPE, LANG, NO_COLOR, COLORTERM, TERM, and stdout for its size.
Terminal detect_terminal(ColorChoice choice);
