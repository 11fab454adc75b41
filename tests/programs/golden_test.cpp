// What each executable prints, word for word.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "common/document/judge.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/run_program.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8", "COLORTERM=truecolor"};

}  // namespace

TEST_CASE("golden output") {
    const int chapter = GENERATE(range(1, chapter_count + 1));
    CAPTURE(chapter);
    const std::string to = folder(chapter) + "/";

    const Finished in_color = run_piped(program(chapter) + " --color always", utf8);
    CHECK(check_golden(to + "default.txt", in_color.output) == "");
    CHECK(in_color.status == 0);

    // A pipe is no terminal: the default there is what --color never prints.
    const Finished plain = run_piped(program(chapter) + " --color never", utf8);
    CHECK(check_golden(to + "no_color.txt", plain.output) == "");
    CHECK(run_piped(program(chapter), utf8).output == plain.output);

    const Finished tensors = run_piped(program(chapter) + " --tensors-only", utf8);
    CHECK(check_golden(to + "tensors_only.txt", tensors.output) == "");
}

TEST_CASE("options: --tensors-only is the notebook or PyTorch, to the byte") {
    const int chapter = GENERATE(range(1, chapter_count + 1));
    std::string expected;
    for (const ReferencePrint& print : reference_prints()) {
        if (print.chapter == chapter) expected += print.text + "\n";
    }
    CHECK(run_piped(program(chapter) + " --tensors-only", utf8).output == expected);
}

TEST_CASE("every source file that a step names is there") {
    const int chapter = GENERATE(range(1, chapter_count + 1));
    const std::string page = run_piped(program(chapter), utf8).output;
    int found = 0;
    for (std::size_t open = page.find('['); open != std::string::npos; open = page.find('[', open + 1)) {
        const std::string file = page.substr(open + 1, page.find(']', open) - open - 1);
        if (!file.ends_with(".cpp") && !file.ends_with(".hpp")) continue;
        CAPTURE(file);
        const bool is_there =
            std::filesystem::exists(SOURCE_DIR "/chapters/" + folder(chapter) + "/" + file) ||
            std::filesystem::exists(SOURCE_DIR "/chapters/" + file) ||
            std::filesystem::exists(SOURCE_DIR "/" + file);
        CHECK(is_there);
        ++found;
    }
    CHECK(found >= 5);
}

TEST_CASE("no printed value is a close call") {
    // A value next to a rounding boundary would print otherwise where a sum is rounded otherwise. Float32
    // results of these sizes move by one or two units in the last place; every value is further away than
    // that.
    const int chapter = GENERATE(range(1, chapter_count + 1));
    const std::string text = run_piped(program(chapter) + " --tensors-only --precision 10", utf8).output;
    double closest = 1e9;
    for (const std::string& number : numbers_in(text)) {
        const double value = std::abs(std::stod(number)), fourth_digits = value * 1e4;
        // A single cosine ("0.9999+0.0100j") is no sum: it is rounded once, alike everywhere. Nor is an FP8
        // number, a multiple of 2⁻⁹: it stands in the table of 256.
        const bool is_complex = number.ends_with('j'), is_fp8 = value * 512 == std::floor(value * 512);
        if (is_complex || is_fp8 || !std::isfinite(value) || value == 0.0 ||
            number.find('.') == std::string::npos)
            continue;
        const double to_boundary = std::abs(fourth_digits - std::floor(fourth_digits) - 0.5) * 1e-4;
        closest = std::min(closest, to_boundary / (value * 0x1p-23));
    }
    CAPTURE(chapter, closest);
    CHECK(closest > 2.5);
}

TEST_CASE("every kernel of OpenBLAS reproduces the notebook") {
    // Processors of other generations add in other orders. SSE3, SSE4 and AVX2 kernels run on today's.
    const int chapter = GENERATE(range(1, chapter_count + 1));
    const std::string kernel = GENERATE(as<std::string>{}, "Prescott", "Nehalem", "Haswell");
    CAPTURE(chapter, kernel);
    const Finished finished =
        run_piped(program(chapter) + " --scoreboard", {"LANG=C.UTF-8", "OPENBLAS_CORETYPE=" + kernel});
    CHECK(finished.status == 0);
}

TEST_CASE("golden comparison forgives the last digit and nothing else") {
    CHECK(golden_difference("a 0.1234 b\n", "a 0.1235 b\n") == "");
    CHECK(golden_difference("a 0.1234 b\n", "a 0.1236 b\n") != "");
    CHECK(golden_difference("a 0.1234 b\n", "a 0.1234 c\n") != "");
    CHECK(golden_difference("a\n", "a\nb\n") != "");
    CHECK(golden_difference("1.2e-07\n", "6.0e-08\n") == "");
    CHECK(golden_difference("1.2e-07\n", "6.0e-02\n") != "");
    CHECK(golden_difference("by 1.2e-07. And", "by 0. And") == "");
    CHECK(golden_difference("[1., 2.]", "[1., 4.]") != "");
    CHECK(golden_difference("2.9161e-24\n", "2.9162e-24\n") == "");
}
