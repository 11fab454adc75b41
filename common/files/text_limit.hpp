// A text up to this length is run as a config asks; what a longer one would need is not done here.
#pragma once
#include <cstddef>
#include <string>

struct TextLimit {
    std::size_t tokens;
    std::string reason;  // "sliding_window is 4096, and there is no window here"
};
