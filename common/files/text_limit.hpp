// The largest number of tokens for which a chapter computes a config's attention exactly. A longer text would
// need a feature that the chapter does not have.
#pragma once
#include <cstddef>
#include <string>

struct TextLimit {
    std::size_t tokens;
    std::string reason;  // "sliding_window is 4096, and there is no window here; chapter 9 has one"
};
