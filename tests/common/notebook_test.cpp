// The comparison with the notebook's figures: it must say yes, no, and where.
#include "common/document/judge.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "common/program/walkthrough.hpp"
#include "common/render/render_terminal.hpp"
#include "common/tensor.hpp"
#include "notebook_prints.hpp"
#include "tests/support/catch.hpp"

namespace {

const Chapter chapter_1{1, "01_simplified_self_attention", "A test", "T tokens", Takes::input};

// A walk that shows one tensor of the notebook.
Document document_with(const std::string& name, const AnyTensor& value, Cell printed) {
    Document document;
    document.chapter = chapter_1;
    Step step{"A step", "Some text.", "", {}};
    step.show(name, value, {"T"}, std::move(printed));
    document.parts.emplace_back(step);
    return document;
}

const Verdict& verdict_of(const Document& document) {
    const Verdict* verdict = nullptr;
    for_each_shown(document, [&](const Shown& shown) { verdict = &*shown.verdict; });
    REQUIRE(verdict);
    return *verdict;
}

const Vector right = {0.9544f, 1.495f, 1.4754f, 0.8434f, 0.707f, 1.0865f};

}  // namespace

TEST_CASE("the executable carries all 34 prints, unchanged") {
    const auto is_notebooks = [](const ReferencePrint& print) { return print.cell > 0; };
    CHECK(std::count_if(reference_prints().begin(), reference_prints().end(), is_notebooks) == 34);
    std::stringstream file;
    file << std::ifstream(SOURCE_DIR "/data/notebook_prints.json").rdbuf();
    CHECK(file.str() == notebook_prints_json);
    for (const ReferencePrint& print : reference_prints())
        CHECK(print.text.find("grad_fn") == std::string::npos);
}

TEST_CASE("a reproduced print gets its tick, and the others are still counted as missing") {
    Document document = document_with("attn_scores_2", right, cell(2));
    const Score score = judge(document);
    CHECK(score.reproduced == 1);
    CHECK(score.expected == 7);
    CHECK(verdict_of(document).reproduced);
}

TEST_CASE("a print that differs is told by its first element") {
    Vector wrong = right;
    wrong(2) = 1.4755f;
    wrong(4) = 9.0f;
    Document document = document_with("attn_scores_2", wrong, cell(2));
    CHECK(judge(document).reproduced == 0);
    CHECK_FALSE(verdict_of(document).reproduced);
    CHECK(verdict_of(document).difference == "[2] is 1.4755 here, 1.4754 in the notebook");

    const std::string page = render_terminal(document, {}, {}, "the end");
    CHECK(page.find("cell 2  ✗") != std::string::npos);
    CHECK(page.find("    ✗ [2] is 1.4755 here") != std::string::npos);
}

TEST_CASE("the label of a print belongs to the comparison") {
    const AnyTensor sum(1.0f);
    Document with_label = document_with("attn_weights_2.sum()", sum, cell(3, "Sum: "));
    Document without = document_with("attn_weights_2.sum()", sum, cell(3));
    CHECK(judge(with_label).reproduced == 1);
    CHECK(judge(without).reproduced == 0);
    CHECK(verdict_of(without).difference == "the numbers agree, the text around them does not");
}

TEST_CASE("differences in words") {
    CHECK(first_difference("tensor([[1., 2.],\n        [3., 4.]])", "tensor([[1., 2.],\n        [3., 5.]])",
                           {2, 2}, "the notebook") == "[1, 1] is 4. here, 5. in the notebook");
    CHECK(first_difference("tensor([1., nan])", "tensor([1., -inf])", {2}, "the notebook") ==
          "[1] is nan here, -inf in the notebook");
    CHECK(first_difference("tensor([1., 2.])", "tensor([1.])", {2}, "the notebook") ==
          "2 numbers here, 1 in the notebook");
    CHECK(first_difference("context_vecs_2.shape: torch.Size([2, 6])",
                           "context_vecs_2.shape: torch.Size([2, 7])", {2},
                           "the notebook") == "[1] is 6 here, 7 in the notebook");
}

TEST_CASE("a walk that names a print which is not there is told so") {
    Document document = document_with("attn_scores", right, cell(2));
    CHECK_THROWS_AS(judge(document), std::logic_error);
}

TEST_CASE("the exit status is 1 if a print is missing, 0 if other figures were asked for") {
    Options options;
    options.output = Options::Output::scoreboard;
    CHECK(Walkthrough(chapter_1, options).finish() == 1);

    options.dropout_rng = torch::DropoutRng::generic;
    Walkthrough other_masks(chapter_1, options);
    CHECK(other_masks.dropout_rng() == torch::DropoutRng::generic);
    CHECK(other_masks.finish() == 0);

    options.dropout_rng = torch::DropoutRng::mkl;
    options.seed = 7;
    Walkthrough reseeded(chapter_1, options);
    CHECK(reseeded.seed(123) == 7);
    CHECK(reseeded.finish() == 0);
}
