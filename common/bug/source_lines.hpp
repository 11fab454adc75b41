// Finds the two versions of a function in the text of a bug's file, so that the lines that are shown are the
// lines that were compiled.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bug {

using Lines = std::vector<std::string>;

// The function `name`: from its signature at the left margin to its closing brace. Throws std::logic_error if
// the text has no such function.
Lines function_in(std::string_view source, const std::string& name);

// Both functions for Step::code: lines inside them that only the first has start with "- ", lines that only
// the second has with "+ ".
struct Versions {
    Lines shipped, repaired;
};
Versions versions_in(std::string_view source);

}  // namespace bug
