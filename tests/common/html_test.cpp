// Pages: what is text stays text, formulas become MathML or stay as they are, and no page grows too large.
// What a browser makes of them is tests/pages/page_test.py.
#include <algorithm>

#include "common/render/page/escape.hpp"
#include "common/render/page/mathml.hpp"
#include "common/render/page/render_html.hpp"
#include "common/render/page/tensor_data.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};
const std::string hostile = "</script><img src=x onerror=\"alert('1')\">&<!--";

Document document_with(Step step) {
    Document document;
    document.chapter = {3, "03_test", "A <b>test", "T tokens", Takes::input};
    document.parts.emplace_back(std::move(step));
    return document;
}

// A formula without what every formula has around it.
std::string content_of(const std::string& formula) {
    const std::string math = to_mathml(formula);
    const std::size_t start = math.find("<mrow>", math.find("alttext")) + 6;
    return math.substr(start, math.rfind("</mrow></math>") - start);
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("page: names, words and prose stay text wherever they stand") {
    CHECK(escape_html("<a href=\"x\" id='y'>&") == "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;");
    CHECK(json_string("</script>\"\\\n") == "\"\\u003c/script\\u003e\\u0022\\u005c\\u000a\"");

    Step step{hostile, hostile, hostile, {}};
    const AnyTensor weights({1, 1}, std::vector<float>{1.0f});
    step.formula(hostile).show(hostile, weights, {hostile, "T"}, cell(1)).note(hostile);
    step.table({hostile, hostile}, {{hostile, hostile}}).heatmap(hostile, weights, {hostile});
    const auto* shown = std::get_if<Shown>(&step.blocks[1]);
    const_cast<Shown*>(shown)->verdict = Verdict{false, hostile};
    Document document = document_with(step);
    document.parts.emplace_front(Section{hostile, hostile});
    const std::string page = render_html(document, {}, hostile);

    CHECK_FALSE(has(page, "<img"));
    CHECK_FALSE(has(page, "onerror=\""));
    CHECK_FALSE(has(page, "<b>test"));
    CHECK_FALSE(has(page, "<!--"));
    CHECK(has(page, "&lt;img src=x onerror=&quot;"));

    // As many scripts are closed as were opened: six of ours, and data.
    CHECK(count(page, "</script>") == count(page, "<script"));
    CHECK(count(page, "<script>") == 6);
}

TEST_CASE("page: a policy forbids all that is not in the file") {
    const std::string page = render_html(document_with({"A step", "", "", {}}), {}, "");
    CHECK(has(page, "default-src 'none'; style-src 'sha256-"));
    CHECK_FALSE(has(page, "unsafe"));
    for (const char* elsewhere : {"http:", "https:", "src=\"", "@import", "url("}) {
        CAPTURE(elsewhere);
        // The namespace of SVG is a name and no address.
        const std::size_t at = page.find(elsewhere);
        CHECK((at == std::string::npos || page.compare(at, 26, "http://www.w3.org/2000/svg") == 0));
    }
}

TEST_CASE("formulas: letters above and below, roots, sums, fractions") {
    CHECK(content_of("Kᵀ") ==
          "<msup><mrow><mi>K</mi></mrow><mrow><mi mathvariant=\"normal\">T</mi></mrow></msup>");
    CHECK(content_of("d_k") == "<msub><mrow><mi>d</mi></mrow><mrow><mi>k</mi></mrow></msub>");
    CHECK(content_of("attn_scores") == "<mi>attn_scores</mi>");
    CHECK(content_of("maskedᵢⱼ") ==
          "<msub><mrow><mi>masked</mi></mrow><mrow><mi>i</mi><mi>j</mi></mrow></msub>");
    CHECK(content_of("√(a + b)") == "<msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt>");
    CHECK(content_of("Σₖ sₖ") ==
          "<munder><mo>∑</mo><mrow><mi>k</mi></mrow></munder>"
          "<msub><mrow><mi>s</mi></mrow><mrow><mi>k</mi></mrow></msub>");
    CHECK(
        content_of("f(x)") ==
        "<mi>f</mi><mo>&#x2061;</mo><mrow><mo stretchy=\"false\">(</mo><mi>x</mi><mo stretchy=\"false\">)</mo></mrow>");
    CHECK(content_of("x^(-2i / d)") ==
          "<msup><mrow><mi>x</mi></mrow><mrow><mo form=\"prefix\">−</mo>"
          "<mfrac><mrow><mn>2</mn><mi>i</mi></mrow><mrow><mi>d</mi></mrow></mfrac></mrow></msup>");
}

TEST_CASE("formulas: a fraction only where it can be read in one way") {
    // Left of / stands all of the product, as in C++; parentheses give way to the bar.
    CHECK(content_of("x ⊙ y / (1 - p)") ==
          "<mfrac><mrow><mi>x</mi><mo>⊙</mo><mi>y</mi></mrow>"
          "<mrow><mn>1</mn><mo>−</mo><mi>p</mi></mrow></mfrac>");
    CHECK(
        content_of("(a + b)² / c") ==
        "<mfrac><mrow><msup><mrow><mrow><mo stretchy=\"false\">(</mo><mi>a</mi><mo>+</mo><mi>b</mi><mo stretchy=\"false\">)</mo></mrow></mrow>"
        "<mrow><mn>2</mn></mrow></msup></mrow><mrow><mi>c</mi></mrow></mfrac>");
    // a / b c may mean two things.
    CHECK(content_of("a / b c") == "<mi>a</mi><mo>/</mo><mi>b</mi><mspace width=\"0.3em\"/><mi>c</mi>");
}

TEST_CASE("formulas: words are words, and what is not understood stays as it is") {
    CHECK(has(to_mathml("x if j ≤ i,  else -∞"), "<mtext>if</mtext>"));
    for (const char* strange : {"x ⟨odd⟩ y", "(a", "a)", "Σ", "|a", "√", "a /", "ünder", "^", "x ² ^"}) {
        CAPTURE(strange);
        CHECK(has(to_mathml(strange), "<math display=\"block\""));
        CHECK(has(to_mathml(strange), "alttext=\"" + std::string(strange) + "\""));
    }
    CHECK(has(to_mathml("x ⟨odd⟩ y"), "<mtext>x ⟨odd⟩ y</mtext>"));
    CHECK(has(to_mathml("(a"), "<mtext>(a</mtext>"));
    CHECK(to_mathml("").empty());

    // Three or more spaces part two formulas.
    const std::string two = to_mathml("S = X Xᵀ        Sᵢⱼ = xᵢ · xⱼ");
    CHECK(count(two, "<div class=\"formula\">") == 2);
}

TEST_CASE("formulas: parts that may stand on lines of their own") {
    const std::string parts = to_mathml("y(a = b) = x ≈ z  if i");
    for (const char* part : {"y(a = b)", "= x", "≈ z", "if i"}) {
        CAPTURE(part);
        CHECK(has(parts, "alttext=\"" + std::string(part) + "\""));
    }
    CHECK(count(parts, "<math ") == 4);
    CHECK(count(parts, "</math>") == 4);
    CHECK(has(parts, "<mrow><mo>=</mo><mi>x</mi></mrow></math>"));  // no prefix: the spaces of "y = x"
}

TEST_CASE("formulas: parentheses grow with a fraction between them") {
    CHECK(has(to_mathml("(a / b)"), "<mo>(</mo><mfrac>"));
    CHECK(has(to_mathml("[dᵢ]"), "<mo stretchy=\"false\">[</mo><msub>"));
}

TEST_CASE("formulas: every chapter's are understood") {
    const TemporaryFolder folder;
    const int chapter = GENERATE(range(1, chapter_count + 1));
    CAPTURE(chapter);
    const std::string path = folder.path("page.html");
    REQUIRE(run_piped(program(chapter) + " --html '" + path + "'", utf8).status == 0);
    const std::string page = contents_of(path);
    CHECK(has(page, "<math "));
    // Only words are left as text: no operator, no small letter, no bracket.
    for (std::size_t at = page.find("<mtext>"); at != std::string::npos; at = page.find("<mtext>", at + 1)) {
        const std::string text = page.substr(at + 7, page.find("</mtext>", at) - at - 7);
        CAPTURE(text);
        CHECK(
            std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || (c >= 'a' && c <= 'z'); }));
    }
}

TEST_CASE("page: values are all there, in the digits that give the same float32") {
    const float infinity = std::numeric_limits<float>::infinity();
    const AnyTensor tensor({2, 2}, std::vector<float>{0.1f, -infinity, -std::nanf(""), 16777216.0f});
    CHECK(tensor_data("x", tensor, {"T", "d"}, {}) ==
          R"({"name":"x","type":"float32","shape":[2,2],"axes":["T","d"],"at":[[0, 1],[0, 1]],)"
          R"("values":"0.1 -inf nan 16777216"})");
    CHECK(has(tensor_data("x", {{1}, std::vector<std::complex<float>>{{1.5f, -2.0f}}}, {"d"}, {}),
              "\"1.5,-2\""));
    CHECK(has(tensor_data("x", {{2}, std::vector<bool>{true, false}}, {"d"}, {}), "\"True False\""));

    // Above the threshold only the edges: the corners of rows 0 1 and 6 7, columns 0 1 and 3 4.
    std::vector<std::int64_t> numbers(40);
    for (std::size_t i = 0; i < 40; ++i) numbers[i] = static_cast<std::int64_t>(i);
    const std::string edges =
        tensor_data("x", {{8, 5}, numbers}, {"r", "c"}, {.threshold = 39, .edge_items = 2});
    CHECK(has(edges, R"("at":[[0, 1, 6, 7],[0, 1, 3, 4]])"));
    CHECK(has(edges, "\"0 1 3 4 5 6 8 9 30 31 33 34 35 36 38 39\""));
}

TEST_CASE("page: under 2 MB, even if every element was asked for") {
    const AnyTensor large({1000, 1000}, std::vector<float>(1000000, 0.123456f));
    Step step{"A step", "", "", {}};
    step.show("x", large, {"T", "d"}).heatmap("Who", large, std::vector<std::string>(1000, "word"));
    for (const std::size_t threshold : {std::size_t{1000}, torch::PrintOptions::no_threshold}) {
        const std::string page = render_html(document_with(step), {.threshold = threshold}, "");
        CHECK(page.size() < largest_page);
        CHECK(has(page, "[0, 1, 2, 997, 998, 999]"));
        CHECK(has(page, "The first 64 words of 1000."));
    }
}

TEST_CASE("a page: one line that says what was written and the closing line") {
    const TemporaryFolder folder;
    const int chapter = GENERATE(range(1, chapter_count + 1));
    const std::string path = folder.path("page <3> & 'more'.html");
    const Finished finished = run_piped(program(chapter) + " --html \"" + path + "\"", utf8);
    CHECK(finished.status == 0);
    CHECK(finished.errors.empty());
    CHECK(std::count(finished.output.begin(), finished.output.end(), '\n') == 2);
    CHECK(has(finished.output, "wrote " + path + " ("));
    CHECK(has(finished.output, " prints reproduced\n"));
    const std::string page = contents_of(path);
    CHECK(page.size() < largest_page);
    CHECK(page.ends_with("</html>\n"));

    // The tick and, where the seed is another, no tick.
    CHECK(has(page, "class=\"verdict agrees\""));
    run_piped(program(chapter) + " --seed 5 --html \"" + path + "\"", utf8);
    if (chapter > 1) CHECK_FALSE(has(contents_of(path), "class=\"verdict agrees\""));
}

TEST_CASE("a page: a cross says where the two part") {
    const TemporaryFolder folder;
    const Finished finished =
        run_piped(program(3) + " --dropout-rng generic --html '" + folder.path("p.html") + "'", utf8);
    CHECK(finished.status == 0);
    const std::string page = contents_of(folder.path("p.html"));
    CHECK(has(page, "class=\"verdict differs\""));
    CHECK(has(page, " here, "));
}

TEST_CASE("a page that cannot be written is one line and status 2 and an old page stays") {
    const TemporaryFolder folder;
    const std::string old_page = folder.file("old.html", "old");
    const auto [arguments, said] = GENERATE(table<std::string, std::string>(
        {{"--html no/such/folder/page.html", "no/such/folder/page.html: cannot be written"},
         {"--html /", "/: is a folder"},
         {"--html ''", "names no file"},
         {"--html .", ".: is a folder"},
         {"--html old.html --input nothing.csv", "nothing.csv"},
         {"--html old.html --tensors-only", "--html"},
         {"--html", "--html"}}));
    CAPTURE(arguments);
    const Finished finished =
        run_piped("cd '" + folder.path("") + "' && " + program(3) + " " + arguments, utf8);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    CHECK(has(finished.errors, said));
    CHECK(contents_of(old_page) == "old");
}
