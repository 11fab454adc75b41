// The command line as people meet it: help, mistakes, pipes, terminals narrow and plain.
#include <algorithm>
#include <sstream>

#include "common/render/text_layout.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/text.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};

// Of what is ours: PyTorch breaks the lines of a tensor before it has put the brackets on, so that they may
// pass 80 columns.
std::size_t widest_line(const std::string& text) {
    std::size_t widest = 0;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        const bool is_tensor = line.starts_with("tensor(") || line.starts_with("        [");
        if (!is_tensor) widest = std::max(widest, columns(line));
    }
    return widest;
}

}  // namespace

TEST_CASE("options: --help shows every option with examples, --version a number") {
    const int chapter = GENERATE(range(1, chapter_count + 1));
    const Finished help = run_piped(program(chapter) + " --help", utf8);
    CHECK(help.status == 0);
    CHECK(help.errors.empty());
    for (const char* option : {"--tensors-only", "--precision", "--full", "--color", "--compare", "--input",
                               "--version", "Examples:", "./walk ", "Exit status"}) {
        CAPTURE(option);
        CHECK(has(help.output, option));
    }
    const Finished version = run_piped(program(chapter) + " --version", utf8);
    CHECK(version.status == 0);
    CHECK(version.output == "attention walkthrough 0.1.0\n");
}

TEST_CASE("bad usage: one line, status 2, nothing on standard output") {
    const std::string arguments =
        GENERATE(as<std::string>{}, "--seed abc", "--seed 1.5", "--seed 99999999999999999999", "--seed",
                 "--precision 99", "--precision -1", "--precision x", "--color pink", "--dropout-rng cuda",
                 "--wat", "3");
    CAPTURE(arguments);
    const Finished finished = run_piped(program(3) + " " + arguments, utf8);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    CHECK(has(finished.errors, "walk 3: "));
    CHECK(has(finished.errors, "--help shows all options"));

    // What was wrong is named.
    const std::string culprit = arguments.substr(arguments.rfind(' ') + 1);
    CHECK(has(finished.errors, culprit));
}

TEST_CASE("a reader who stops reading is no error") {
    const Finished finished =
        run_piped(program(3) + " | head -1; " + program(3) + " --tensors-only | head -1", utf8);
    CHECK(finished.status == 0);
    CHECK(finished.errors.empty());
    CHECK(has(finished.output, "Chapter 3"));

    // Also where the shell above ignores the signal.
    const Finished ignoring =
        run_piped("trap '' PIPE; { " + program(3) + "; echo status $? >&2; } | :", utf8);
    CHECK(ignoring.errors == "status 0\n");
}

TEST_CASE("a full disk is an error") {
    const Finished finished = run_piped(program(3) + " > /dev/full", utf8);
    CHECK(finished.status == 2);
    CHECK(finished.errors == "walk 3: standard output cannot be written: No space left on device\n");
}

TEST_CASE("everything fits 80 columns") {
    const int chapter = GENERATE(range(1, chapter_count + 1));
    CHECK(widest_line(run_piped(program(chapter), utf8).output) <= 80);
}

TEST_CASE("LANG=C: the same lines in ASCII, and nothing lost") {
    const int chapter = GENERATE(range(1, chapter_count + 1));
    const std::string unicode = run_piped(program(chapter), utf8).output;
    for (const char* locale : {"LANG=C", "LC_ALL=POSIX"}) {
        const std::string plain = run_piped(program(chapter), {locale}).output;
        CHECK(std::all_of(plain.begin(), plain.end(),
                          [](char c) { return static_cast<unsigned char>(c) < 128; }));
        CHECK(widest_line(plain) <= 80);
        // A character without a stand-in would be one more question mark.
        CHECK(std::count(plain.begin(), plain.end(), '?') == std::count(unicode.begin(), unicode.end(), '?'));
    }
    CHECK(run_piped(program(chapter), {"LANG=C", "LC_ALL=en_US.UTF-8"}).output == unicode);
}

TEST_CASE("colour on a terminal only, and not with NO_COLOR") {
    const std::string escape = "\x1b[";
    CHECK(has(run_on_terminal(program(3), {"LANG=C.UTF-8", "TERM=xterm-256color"}, 80).output, escape));
    CHECK_FALSE(
        has(run_on_terminal(program(3), {"LANG=C.UTF-8", "TERM=xterm", "NO_COLOR=1"}, 80).output, escape));
    CHECK_FALSE(has(run_on_terminal(program(3), {"LANG=C.UTF-8", "TERM=dumb"}, 80).output, escape));
    CHECK_FALSE(has(run_on_terminal(program(3) + " --color never", {"TERM=xterm"}, 80).output, escape));
    CHECK_FALSE(has(run_piped(program(3), {"TERM=xterm-256color"}).output, escape));
    CHECK(has(run_piped(program(3) + " --color always", {"NO_COLOR=1"}).output, escape));
}

TEST_CASE("heatmaps in truecolor, in 256 colours, in characters") {
    const std::string command = program(3) + " --color always";
    CHECK(has(run_piped(command, {"COLORTERM=truecolor"}).output, "\x1b[48;2;"));
    const std::string cube = run_piped(command, {"TERM=xterm-256color"}).output;
    CHECK(has(cube, "\x1b[48;5;"));
    CHECK_FALSE(has(cube, "\x1b[48;2;"));
    const std::string sixteen = run_piped(command, {"TERM=xterm"}).output;
    CHECK_FALSE(has(sixteen, "\x1b[48;"));
    CHECK(has(sixteen, "███"));
}

TEST_CASE("a terminal 20 columns wide: prose fits, tensors stay as PyTorch prints them") {
    const Finished narrow = run_on_terminal(program(3), {"LANG=C.UTF-8", "NO_COLOR=1"}, 20);
    CHECK(narrow.status == 0);
    CHECK(has(narrow.output, "tensor([[0.1921, 0.1646, 0.1652, 0.1550, 0.1721, 0.1510],"));

    // The first step's prose, between its title and its formula.
    const std::size_t start = narrow.output.find("The attention"),
                      end = narrow.output.find("attn_weights (T");
    REQUIRE(start < end);
    std::istringstream prose(narrow.output.substr(start, end - start));
    for (std::string line; std::getline(prose, line);) {
        CAPTURE(line);
        const std::string last_word = line.substr(line.find_last_of(' ') + 1);
        CHECK((columns(line) <= 20 || columns(last_word) > 16));
    }
}

TEST_CASE("options: --precision and --full change what is shown, not what is compared") {
    const Finished finished = run_piped(program(2) + " --precision 8 --full", utf8);
    CHECK(finished.status == 0);
    CHECK(has(finished.output, "6 of 6 notebook prints reproduced"));
    CHECK(has(finished.output, "tensor([[0.23091425, 1.09660983],"));
}

TEST_CASE("options: --seed draws other numbers, no ticks, and it says so") {
    const int chapter = GENERATE(2, 3, 4);
    const Finished finished = run_piped(program(chapter) + " --seed 7", utf8);
    CHECK(finished.status == 0);
    CHECK(has(finished.output, "the notebook's figures do not apply"));
    CHECK_FALSE(has(finished.output, "✓"));
    CHECK_FALSE(has(finished.output, "✗"));
    CHECK(finished.output != run_piped(program(chapter) + " --seed 8", utf8).output);
    CHECK(run_piped(program(chapter) + " --seed -1", utf8).output ==
          run_piped(program(chapter) + " --seed 4294967295", utf8).output);
}

TEST_CASE("options: chapter 1 draws no random numbers, and has no option for them") {
    const Finished finished = run_piped(program(1) + " --seed 7 --scoreboard", utf8);
    CHECK(finished.status == 2);
    CHECK(has(finished.errors, "--seed"));
    CHECK_FALSE(has(run_piped(program(1) + " --help", utf8).output, "--seed"));
}

TEST_CASE("options: --dropout-rng generic gives the other mask, and the first place where it differs") {
    const Finished finished = run_piped(program(3) + " --dropout-rng generic", utf8);
    CHECK(finished.status == 0);
    CHECK(has(finished.output, "tensor([[2., 2., 0., 2., 2., 0.],"));
    CHECK(has(finished.output, "✗ [0, 2] is 0. here, 2. in the notebook"));
    CHECK(has(finished.output, "9 of 11 notebook prints reproduced"));
}
