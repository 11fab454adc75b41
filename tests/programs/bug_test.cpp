// The gallery of bugs as people use it (./walk bug), and what every bug promises.
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "chapters/05_grouped_query_attention/kv_cache.hpp"
#include "chapters/05_grouped_query_attention/repeat_kv.hpp"
#include "common/bug/gallery.hpp"
#include "common/bug/source_lines.hpp"
#include "common/bug/telling.hpp"
#include "common/compare/closeness.hpp"
#include "common/render/text_layout.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

const std::string bug_program = std::string("'") + PROGRAM_DIR + "/bug'";

Finished run_bug(const std::string& arguments, const std::string& locale = "C.UTF-8") {
    return run_piped(bug_program + " " + arguments, {"LANG=" + locale});
}

// Not the comparison that the program uses. NaN equals NaN; two shapes are infinitely far from each other.
double distance(const AnyTensor& a, const AnyTensor& b) {
    if (a.shape != b.shape) return std::numeric_limits<double>::infinity();
    const std::vector<double> ours = numbers_of(a).values, theirs = numbers_of(b).values;
    double largest = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (ours[i] == theirs[i] || (std::isnan(ours[i]) && std::isnan(theirs[i]))) continue;
        const double difference = std::abs(ours[i] - theirs[i]);
        largest = std::isfinite(difference) ? std::max(largest, difference)
                                            : std::numeric_limits<double>::infinity();
    }
    return largest;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

}  // namespace

TEST_CASE("bug: every friendly fixture passes, and every unfriendly one fails") {
    for (const bug::Entry& entry : bug::gallery()) {
        CAPTURE(entry.number);
        const bug::Bug told = entry.tell();
        CHECK(distance(told.friendly.shipped, told.friendly.repaired) < 2e-6);
        CHECK(distance(told.unfriendly.shipped, told.unfriendly.repaired) > 1e-2);
        CHECK(bug::passes(told.friendly));
        CHECK_FALSE(bug::passes(told.unfriendly));

        const Finished finished = run_bug(std::to_string(entry.number));
        CHECK(finished.status == 0);
        CHECK(finished.errors.empty());
        CHECK(has(finished.output, "Both tensors are equal: the test passes."));
        CHECK(has(finished.output, "The test fails. The "));
        for (const std::string& thread : told.threads) CHECK(has(finished.output, thread));
    }
}

TEST_CASE("bug: a fixture that does not behave as told is reported") {
    const bug::Entry& entry = bug::gallery().front();
    bug::Bug told = entry.tell();
    std::swap(told.friendly, told.unfriendly);
    CHECK_FALSE(bug::as_told(told));
    CHECK(bug::closing_line(entry, told) ==
          "bug 1  the friendly fixture fails, the unfriendly one passes: this is not as the story tells it");
}

TEST_CASE("bug: each of the 24 is told or left out, once, and a reason is true") {
    std::vector<int> numbers;
    for (const bug::Entry& entry : bug::gallery()) numbers.push_back(entry.number);
    CHECK(numbers.size() >= 20);
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
    for (const bug::LeftOut& left_out : bug::left_out()) {
        numbers.push_back(left_out.number);
        CHECK(has(run_bug("").output, left_out.title + " (" + left_out.thread + ")"));
    }
    std::sort(numbers.begin(), numbers.end());
    for (std::size_t i = 0; i < 24; ++i) CHECK(numbers.at(i) == static_cast<int>(i) + 1);
    CHECK(std::set<int>(numbers.begin(), numbers.end()).size() == numbers.size());

    // Bug 13: a cache for 2 key heads has no room for 4.
    const ch5::Config config{
        .dim = 8, .n_heads = 4, .n_kv_heads = 2, .head_dim = 2, .max_batch_size = 1, .max_seq_len = 3};
    ch5::KVCache cache(config);
    const Tensor4 keys = xt::ones<float>({1, 3, 2, 2});
    CHECK_NOTHROW(cache.write(0, keys, keys));
    const Tensor4 repeated = ch5::repeat_kv(keys, 2);
    CHECK_THROWS(cache.write(0, repeated, repeated));
}

TEST_CASE("bug: the shown code is in the bug's file, and every line fits 80 columns") {
    for (const bug::Entry& entry : bug::gallery()) {
        const std::string path = std::string(SOURCE_DIR "/chapters/") + std::string(entry.chapter) +
                                 "/bugs/" + std::string(entry.file);
        CAPTURE(path);
        REQUIRE(std::filesystem::exists(path));
        CHECK(contents_of(path) == entry.source);
        const std::string output = run_bug(std::to_string(entry.number)).output;
        CHECK(has(output, "[" + std::string(entry.file) + "]"));
        for (const char* version : {"shipped", "repaired"}) {
            for (const std::string& line : bug::function_in(entry.source, version))
                CHECK((has(output, "      " + line + "\n") || has(output, "    - " + line + "\n") ||
                       has(output, "    + " + line + "\n")));
        }
        const std::string in_ascii = run_bug(std::to_string(entry.number), "C").output;
        for (const std::string& text : {output, in_ascii}) {
            for (const std::string& line : lines_of(text)) {
                CAPTURE(line);
                CHECK(columns(line) <= 80);
            }
        }
        CHECK(std::none_of(in_ascii.begin(), in_ascii.end(), [](char c) { return (c & 0x80) != 0; }));
        CHECK(std::count(in_ascii.begin(), in_ascii.end(), '?') ==
              std::count(output.begin(), output.end(), '?'));
    }
}

TEST_CASE("bug: lines of one version alone are marked") {
    const std::string source =
        "// int shipped() is a comment\n"
        "int given(int x) {\n    return shipped(x);\n}\n\n"
        "int shipped(int x) {\n    int y = x;\n    return y;\n}\n\n"
        "int repaired(int x) {\n    int y = 2 * x;\n    return y;\n}\n";
    const bug::Versions versions = bug::versions_in(source);
    CHECK(versions.shipped ==
          bug::Lines{"  int shipped(int x) {", "-     int y = x;", "      return y;", "  }"});
    CHECK(versions.repaired ==
          bug::Lines{"  int repaired(int x) {", "+     int y = 2 * x;", "      return y;", "  }"});
    CHECK_THROWS_AS(bug::function_in(source, "missing"), std::logic_error);
    CHECK_THROWS_AS(bug::function_in("int shipped() {\n", "shipped"), std::logic_error);
}

TEST_CASE("golden output of ./walk bug") {
    CHECK(check_golden("bugs/list.txt", run_bug("").output) == "");
    CHECK(check_golden("bugs/list_ascii.txt", run_bug("", "C").output) == "");
    for (const char* number : {"4", "12", "20", "22"}) {
        const std::string name = std::string("bugs/") + number;
        CHECK(check_golden(name + ".txt", run_bug(number).output) == "");
    }
    CHECK(check_golden("bugs/12_color.txt", run_bug("12 --color always").output) == "");
    CHECK(check_golden("bugs/4_ascii.txt", run_bug("4", "C").output) == "");
}

TEST_CASE("bug: what is not understood is refused in one line") {
    struct Wrong {
        std::string arguments, says;
    };
    const Wrong wrong = GENERATE(values<Wrong>({{"99", "there is no bug 99"},
                                                {"0", "there is no bug 0"},
                                                {"13", "bug 13 is left out"},
                                                {"x", "x is no whole number"},
                                                {"0x4", "0x4 is no whole number"},
                                                {"-3", ""},
                                                {"99999999999", ""},
                                                {"12 14", ""},
                                                {"--wat", "--wat"},
                                                {"--step", "--step needs NUMBER"},
                                                {"--html page.html", "--html needs NUMBER"},
                                                {"--json", "--json needs NUMBER"},
                                                {"12 --json --step", "--step and --json do not go together"},
                                                {"12 --precision 99", "--precision"},
                                                {"12 --html /nowhere/page.html", "/nowhere"}}));
    CAPTURE(wrong.arguments);
    const Finished finished = run_bug(wrong.arguments);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    CHECK(has(finished.errors, "bug: "));
    CHECK(has(finished.errors, wrong.says));
}

TEST_CASE("bug: help, a page, JSON and steps") {
    CHECK(has(run_bug("--help").output, "./walk bug 12"));

    const TemporaryFolder files;
    const Finished page = run_bug("12 --html '" + files.path("page.html") + "'");
    CHECK(page.status == 0);
    CHECK(has(page.output, "the friendly fixture passes, the unfriendly one fails"));
    const std::string html = contents_of(files.path("page.html"));
    for (const char* part :
         {"Bug 12: Key heads tiled", "<pre class=\"code\">  Tensor4 shipped(const Tensor4&amp;",
          "<div class=\"tensors pair\">", "keys for all query heads, repaired"})
        CHECK(has(html, part));

    const nlohmann::json json = nlohmann::json::parse(run_bug("22 --json").output);
    CHECK(json.at("number").get<int>() == 22);
    CHECK(json.at("friendly").at("passes").get<bool>());
    CHECK_FALSE(json.at("unfriendly").at("passes").get<bool>());
    CHECK(json.at("unfriendly").at("difference").get<std::string>() ==
          "The shape of keys for all query heads is (1, 4, 2, 2) shipped, (1, 2, 4, 2) repaired");
    CHECK(std::filesystem::exists(std::string(SOURCE_DIR "/") + json.at("file").get<std::string>()));

    const Finished stepped =
        run_on_terminal(bug_program + " 12 --step", {"LANG=C.UTF-8", "TERM=xterm"}, 80, "\n3\nq\n");
    CHECK(stepped.status == 0);
    CHECK(has(stepped.output, "step 1 of 4"));
    CHECK(has(stepped.output, "step 3 of 4"));
    const Finished no_terminal = run_bug("12 --step");
    CHECK(has(no_terminal.errors, "bug 12: --step needs a terminal"));
    CHECK(has(no_terminal.output, " 4  An unfriendly fixture"));

    // More digits change what is shown, and not what passes.
    const Finished digits = run_bug("11 --precision 12");
    CHECK(digits.status == 0);
    CHECK(has(digits.output, "Both tensors are equal: the test passes."));
}
