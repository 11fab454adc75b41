// The lines of a text.
#pragma once
#include <string>
#include <vector>

namespace exercise {

std::vector<std::string> lines_of(const std::string& text);

}  // namespace exercise
