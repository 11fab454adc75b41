// --step: the walk at the reader's pace, as somebody types it.
#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/text.hpp"

namespace {

// Every screen that chapter 3 draws for what is typed, one after the other.
std::vector<std::string> screens(const std::string& typed, int columns = 80) {
    const Finished finished =
        run_on_terminal(program(3) + " --step", {"LANG=C.UTF-8", "TERM=xterm"}, columns, typed);
    CHECK(finished.status == 0);
    std::vector<std::string> drawn;
    const std::string clear = "\x1b[H\x1b[2J";
    for (std::size_t at = finished.output.find(clear); at != std::string::npos;) {
        const std::size_t next = finished.output.find(clear, at + 1);
        drawn.push_back(finished.output.substr(at + clear.size(), next - at - clear.size()));
        at = next;
    }
    return drawn;
}

// "step 3 of 17", as the prompt of a screen says it.
std::string place(const std::string& screen) {
    const std::size_t start = screen.rfind("step ");
    return screen.substr(start, screen.find_first_of(",:", start) - start);
}

}  // namespace

TEST_CASE("step: Enter goes on, b back, a number to that step, q ends") {
    const std::vector<std::string> drawn = screens("5\nb\n1\n99\nhello\nq\n");
    REQUIRE(drawn.size() == 6);
    CHECK(has(drawn[0], "Chapter 3"));
    CHECK(place(drawn[0]).starts_with("step 1 of "));
    CHECK(place(drawn[1]).starts_with("step 5 of "));
    CHECK(place(drawn[2]).starts_with("step 4 of "));
    CHECK(place(drawn[3]).starts_with("step 1 of "));
    CHECK(has(drawn[4], "no step or command '99'"));
    CHECK(has(drawn[5], "no step or command 'hello'"));
    CHECK(place(drawn[5]).starts_with("step 1 of "));
}

TEST_CASE("step: Enter alone leads through every step to the closing line") {
    const std::vector<std::string> drawn = screens(std::string(200, '\n'));
    std::vector<std::string> places;
    for (const std::string& screen : drawn) {
        places.push_back(place(screen));
        // A screen fits the terminal of 24 rows; the last of its lines is the prompt.
        CHECK(std::count(screen.begin(), screen.end(), '\n') <= 24);
    }
    places.erase(std::unique(places.begin(), places.end()), places.end());
    const std::string last = places.back();
    const int steps = std::stoi(last.substr(last.find("of ") + 3));
    CHECK(static_cast<int>(places.size()) == steps);
    CHECK(has(drawn.back(), "notebook prints reproduced"));
    CHECK(steps > 10);
}

TEST_CASE("step: the end of the input ends it") {
    CHECK(screens("\x04").size() == 1);
}

TEST_CASE("step: without a terminal it says so and runs through") {
    const Finished finished = run_piped(program(3) + " --step </dev/null", {"LANG=C.UTF-8"});
    CHECK(finished.status == 0);
    CHECK(has(finished.errors, "--step needs a terminal"));
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    CHECK(finished.output == run_piped(program(3), {"LANG=C.UTF-8"}).output);
}

TEST_CASE("step: at odds with --tensors-only and --scoreboard") {
    CHECK(run_piped(program(3) + " --step --tensors-only", {}).status == 2);
    CHECK(run_piped(program(3) + " --step --scoreboard", {}).status == 2);
}
