#include "common/exercise/compiler_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "common/exercise/lines.hpp"

namespace exercise {
namespace {

struct Place {
    std::size_t line = 0, column = 0;
};

// 12 and 20 of a line "/tmp/x/file.cpp:12:20: ..."; nothing for another line.
std::optional<Place> place_in(const std::string& line, const std::string& file) {
    const std::size_t at = line.find(file + ":");
    if (at == std::string::npos || (at > 0 && line[at - 1] != '/')) return std::nullopt;
    char* end = nullptr;
    Place place;
    place.line = std::strtoul(line.c_str() + at + file.size() + 1, &end, 10);
    if (*end == ':') place.column = std::strtoul(end + 1, nullptr, 10);
    if (place.line == 0) return std::nullopt;
    return place;
}

// The line of the source, and a mark below its column.
std::string quoted(const std::string& source, const Place& place) {
    const std::vector<std::string> lines = lines_of(source);
    if (place.line > lines.size()) return "";
    const std::string text = fmt::format("{:5} | {}\n", place.line, lines[place.line - 1]);
    return place.column == 0 ? text : text + fmt::format("      | {:>{}}\n", "^", place.column);
}

// g++ says before the message where the template was needed, clang in the notes after it.
std::optional<Place> place_that_leads_there(const std::vector<std::string>& lines, std::size_t message,
                                            const std::string& file) {
    std::optional<Place> found;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const bool says_so = lines[i].find("required from") != std::string::npos ||
                             lines[i].find("requested here") != std::string::npos;
        const auto place = place_in(lines[i], file);
        if (!place || !says_so) continue;
        found = place;
        if (i > message) break;
    }
    return found;
}

}  // namespace

std::string first_message(const std::string& said, const std::string& kind, const std::string& file,
                          const std::string& source) {
    const std::vector<std::string> lines = lines_of(said);
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.find(kind + ": ") != std::string::npos;
    });
    if (found == lines.end()) return "";
    const std::string message = found->substr(found->find(kind + ": "));
    if (const auto place = place_in(*found, file))
        return fmt::format("{}:{}:{}: {}\n{}", file, place->line, place->column, message,
                           quoted(source, *place));

    const auto at = static_cast<std::size_t>(found - lines.begin());
    const auto place = place_that_leads_there(lines, at, file);
    if (!place) return message + "\n";
    return fmt::format("{}:{}:{}: {}\n(a library's header says so; this line leads there)\n{}", file,
                       place->line, place->column, message, quoted(source, *place));
}

std::string link_error(const std::string& said) {
    constexpr const char *missing = "is not there: keep the name and the arguments that the skeleton has",
                         *twice = "is defined twice: keep only the functions that the skeleton has";
    const std::array<std::pair<std::string, const char*>, 4> messages = {
        {{"undefined reference to `", missing},
         {"undefined symbol: ", missing},
         {"multiple definition of `", twice},
         {"duplicate symbol: ", twice}}};
    for (const std::string& line : lines_of(said)) {
        for (const auto& [words, explanation] : messages) {
            const std::size_t at = line.find(words);
            if (at == std::string::npos) continue;
            const std::size_t start = at + words.size();
            return fmt::format("{} {}", line.substr(start, line.find('\'', start) - start), explanation);
        }
    }
    return said.substr(0, 2000);
}

}  // namespace exercise
