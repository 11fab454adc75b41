#include "common/render/step_through.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>
#include <vector>

#include "common/render/render_terminal.hpp"
#include "common/render/terminal.hpp"
#include "common/render/text_layout.hpp"
#include "common/write_out.hpp"

namespace {

constexpr std::string_view clear_screen = "\x1b[H\x1b[2J", help = "Enter next, b back, q quit, or a number";

// The part of a step that fits on the terminal.
struct Screen {
    std::size_t step;  // from 1
    std::string text;
    std::size_t part = 1, parts = 1;  // of the step
};

// Splits a step into screens. A line wider than the terminal takes several rows.
std::vector<Screen> screens_of(std::size_t step, std::string_view text, const Terminal& terminal) {
    constexpr std::size_t rows_of_prompt = 3;
    const std::size_t room = std::max<std::size_t>(terminal.height, rows_of_prompt + 5) - rows_of_prompt;
    std::vector<Screen> screens = {{step, ""}};
    std::size_t rows = 0;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t needed =
            std::max<std::size_t>(1, (visible_columns(line) + terminal.width - 1) / terminal.width);
        if (rows + needed > room && rows > 0) {
            screens.push_back({step, ""});
            rows = 0;
        }
        // A screen does not start with an empty line.
        if (rows == 0 && line.empty()) continue;
        screens.back().text += fmt::format("{}\n", line);
        rows += needed;
    }
    for (std::size_t i = 0; i < screens.size(); ++i) {
        screens[i].part = i + 1;
        screens[i].parts = screens.size();
    }
    return screens;
}

// Each screen is laid out when it is shown, because the reader may have resized the window.
std::vector<Screen> all_screens(const Document& document, const Terminal& terminal,
                                const torch::PrintOptions& options, const std::string& closing) {
    std::vector<Screen> screens;
    std::size_t step = 0;
    for (const std::string& text : render_steps(document, terminal, options, closing)) {
        for (Screen& screen : screens_of(++step, text, terminal)) screens.push_back(std::move(screen));
    }
    return screens;
}

std::string prompt(const Screen& screen, std::size_t steps, const std::string& complaint) {
    const std::string part =
        screen.parts > 1 ? fmt::format(", screen {} of {}", screen.part, screen.parts) : "";
    return fmt::format("\n{}step {} of {}{}: {} > ", complaint, screen.step, steps, part, help);
}

// The position of a step's first screen.
std::size_t first_screen_of(std::size_t step, const std::vector<Screen>& screens) {
    const auto found = std::find_if(screens.begin(), screens.end(),
                                    [step](const Screen& screen) { return screen.step == step; });
    return static_cast<std::size_t>(found - screens.begin());
}

std::optional<std::size_t> step_number(const std::string& text, std::size_t steps) {
    std::size_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc{} && stop == text.data() + text.size();
    if (!is_number || number < 1 || number > steps) return std::nullopt;
    return number;
}

}  // namespace

bool can_step() {
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

void step_through(const Document& document, ColorChoice color, const torch::PrintOptions& options,
                  const std::string& closing) {
    std::size_t at = 0;
    std::string complaint, typed;
    while (true) {
        const std::vector<Screen> screens = all_screens(document, detect_terminal(color), options, closing);
        at = std::min(at, screens.size() - 1);
        const std::size_t steps = screens.back().step, step = screens[at].step;
        write_out(std::string(clear_screen) + screens[at].text + prompt(screens[at], steps, complaint));
        complaint.clear();

        // Ctrl-D ends the input; the walk ends, too.
        if (!std::getline(std::cin, typed)) return write_out("\n");
        if (typed.empty()) {
            if (++at == screens.size()) return;
        } else if (typed == "q") {
            return;
        } else if (typed == "b") {
            at = first_screen_of(screens[at].part > 1 || step == 1 ? step : step - 1, screens);
        } else if (const std::optional<std::size_t> number = step_number(typed, steps)) {
            at = first_screen_of(*number, screens);
        } else {
            complaint = fmt::format("There is no step or command '{}'.\n", cut(typed, 20));
        }
    }
}
