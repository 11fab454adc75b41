// A printed tensor: its visible numbers, with the printed digits.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "common/any_tensor.hpp"

struct PrintedNumber {
    std::string text;  // as written: "0.9544", "-inf", "True"; empty if it comes from a file, with all digits
    double value;
};

// Name and words are printable().
struct PrintedTensor {
    std::string name;   // the expression that was printed: "attn_weights"; may be empty
    std::string words;  // the words before it: "Attention weights"; may be empty
    std::string where;  // "In [12]", "line 40"

    Shape shape;                    // of what is visible
    std::vector<std::size_t> gaps;  // for each axis: how many positions stand before "..."; 0: no "..."
    std::vector<PrintedNumber>
        numbers;           // row-major; of a complex tensor the real and imaginary parts in turn
    bool is_size = false;  // torch.Size([...]): its numbers stand in one row
    bool is_complex = false;
    std::string dtype;   // "torch.float64", if it was said
    std::string damage;  // why it cannot be compared: "it ends in the middle"; empty if it can
};
