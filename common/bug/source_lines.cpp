#include "common/bug/source_lines.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace bug {
namespace {

Lines marked(const Lines& lines, const Lines& others, const std::string& mark) {
    Lines marked;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const bool is_signature = i == 0;
        const bool is_shared = std::find(others.begin(), others.end(), lines[i]) != others.end();
        marked.push_back((is_signature || is_shared ? "  " : mark) + lines[i]);
    }
    return marked;
}

}  // namespace

Lines function_in(std::string_view source, const std::string& name) {
    std::istringstream text{std::string(source)};
    Lines lines;
    for (std::string line; std::getline(text, line);) {
        const bool at_margin = !line.empty() && line.front() != ' ' && line.front() != '/';
        if (lines.empty() && !(at_margin && line.find(" " + name + "(") != std::string::npos)) continue;
        lines.push_back(line);
        if (line == "}") return lines;
    }
    throw std::logic_error("this bug's file has no function " + name + " that starts at the left margin");
}

Versions versions_in(std::string_view source) {
    const Lines shipped = function_in(source, "shipped"), repaired = function_in(source, "repaired");
    return {marked(shipped, repaired, "- "), marked(repaired, shipped, "+ ")};
}

}  // namespace bug
