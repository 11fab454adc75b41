#include "common/render/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// The first of the three variables that is set decides (POSIX). If none is set, as in a bare container, we
// assume UTF-8, which terminals use today.
bool speaks_unicode() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const std::string_view locale = variable(name);
        if (locale.empty()) continue;
        return contains(locale, "UTF-8") || contains(locale, "utf8") || contains(locale, "utf-8");
    }
    return true;
}

Colors color_depth() {
    const std::string_view depth = variable("COLORTERM"), term = variable("TERM");
    if (depth == "truecolor" || depth == "24bit") return Colors::truecolor;
    if (contains(term, "256color") || term.empty()) return Colors::two_hundred_fifty_six;
    return Colors::sixteen;
}

}  // namespace

Terminal detect_terminal(ColorChoice choice) {
    Terminal terminal;
    terminal.unicode = speaks_unicode();

    // Open MPI gives its processes a pseudo-terminal of size 0, even if the output goes to a file.
    winsize size{};
    const bool on_terminal = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;

    // Lines of more than 80 columns are not easier to read.
    if (on_terminal) {
        terminal.width = std::clamp<std::size_t>(size.ws_col, 20, 80);
        if (size.ws_row > 0) terminal.height = size.ws_row;
    }

    const bool wanted = on_terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
    if (choice == ColorChoice::always || (choice == ColorChoice::automatic && wanted)) {
        terminal.colors = color_depth();
    }
    return terminal;
}
