// The abilities of the terminal: its size, its characters, its colours.
#pragma once
#include <cstddef>

// The reader's choice (--color).
enum class ColorChoice { automatic, always, never };

enum class Colors { none, sixteen, two_hundred_fifty_six, truecolor };

struct Terminal {
    std::size_t width = 80;  // columns for text; tensors always have the width of PyTorch's print
    std::size_t height = 24;
    bool unicode = true;  // false: formulas, rules and ticks in plain ASCII
    Colors colors = Colors::none;
};

// Reads LC_ALL, LC_CTYPE, LANG, NO_COLOR, COLORTERM and TERM from the environment, and the size from stdout.
Terminal detect_terminal(ColorChoice choice);
