#include "common/exercise/compiler_message.hpp"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "common/exercise/lines.hpp"

namespace exercise {
namespace {

// "12:20" of a line "/tmp/x/file.cpp:12:20: ...", and what follows; nothing for another line.
struct Place {
    std::string position, rest;
};
std::optional<Place> place_in(const std::string& line, const std::string& file) {
    const std::size_t at = line.find(file + ":");
    if (at == std::string::npos || (at > 0 && line[at - 1] != '/')) return std::nullopt;
    const std::size_t start = at + file.size() + 1;
    const std::size_t end = line.find_first_not_of("0123456789:", start);
    if (end == std::string::npos || end == start) return std::nullopt;
    std::string position = line.substr(start, end - start);
    while (position.ends_with(':')) position.pop_back();
    std::string rest = line.substr(end);
    rest.erase(0, rest.find_first_not_of(' '));
    return Place{position, rest};
}

// The source and the mark below it: "   12 |   masked = ...", "      |   ^".
std::string quoted_source(const std::vector<std::string>& lines, std::size_t after) {
    std::string text;
    for (std::size_t i = after + 1; i < lines.size() && i < after + 3; ++i) {
        if (lines[i].find(" | ") == std::string::npos) break;
        text += "\n" + lines[i];
    }
    return text;
}

}  // namespace

std::string first_error(const std::string& said, const std::string& file) {
    const std::vector<std::string> lines = lines_of(said);
    std::size_t error = 0;
    while (error < lines.size() && lines[error].find("error: ") == std::string::npos) ++error;
    if (error == lines.size()) return said.substr(0, 2000);
    const std::string message = lines[error].substr(lines[error].find("error: "));

    if (const auto place = place_in(lines[error], file))
        return fmt::format("{}:{}: {}{}", file, place->position, message, quoted_source(lines, error));

    // g++ says before the error where the template was needed, clang in the notes after it.
    std::optional<Place> leads_there;
    std::size_t line_of_place = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto place = place_in(lines[i], file);
        const bool says_so = lines[i].find("required from here") != std::string::npos ||
                             lines[i].find("requested here") != std::string::npos ||
                             lines[i].find("required from") != std::string::npos;
        if (!place || !says_so) continue;
        leads_there = place;
        line_of_place = i;
        if (i > error) break;
    }
    if (!leads_there) return message + quoted_source(lines, error);
    return fmt::format(
        "{}:{}: {}\n  (the message comes from a library's header, and this line leads there){}", file,
        leads_there->position, message, quoted_source(lines, line_of_place));
}

std::string link_error(const std::string& said) {
    const std::string undefined = "undefined reference to `", twice = "multiple definition of `";
    for (const std::string& line : lines_of(said)) {
        for (const auto& [words, explanation] :
             {std::pair{undefined, "is not there: keep the name and the arguments that the skeleton has"},
              std::pair{twice, "is defined twice: keep only the functions that the skeleton has"}}) {
            const std::size_t at = line.find(words);
            if (at == std::string::npos) continue;
            const std::size_t start = at + words.size();
            return fmt::format("{} {}", line.substr(start, line.find('\'', start) - start), explanation);
        }
    }
    return said.substr(0, 2000);
}

}  // namespace exercise
