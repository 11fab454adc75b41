// Closeness, pairing, words and reports.
#include <cmath>
#include <limits>

#include "common/compare/diagnosis.hpp"
#include "common/compare/read_prints.hpp"
#include "common/compare/report.hpp"
#include "common/torch/print.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/text.hpp"

namespace {

PrintedTensor printed(const std::string& text) {
    return read_text("log", text).at(0);
}

Closeness closeness(const std::string& theirs, const AnyTensor& ours) {
    return compare(printed(theirs), numbers_of(ours));
}

AnyTensor floats(Shape shape, std::vector<float> values) {
    return {std::move(shape), std::move(values)};
}

struct Show {
    std::string name;
    AnyTensor value;
    bool required = true;
};

Document document_of(const std::vector<Show>& shows) {
    Document document;
    document.chapter = {3, "03_test", "A test", "T tokens", Takes::input};
    Step step{"A step", "", "", {}};
    for (const Show& show : shows) {
        step.show(show.name, show.value, {"T", "T"}, show.required ? std::optional(cell(2)) : std::nullopt);
    }
    document.parts.emplace_back(step);
    return document;
}

const std::vector<float> some = {0.11f, -0.22f, 0.33f, 0.44f, 0.55f, -0.66f};
const std::vector<float> other = {1.5f, 2.25f, -3.125f, 4.75f, 5.5f, 6.875f};

// Which of theirs each of ours was paired with, as "name<-name".
std::vector<std::string> pairs(const Document& document, const std::string& log) {
    const std::vector<PrintedTensor> theirs = read_text("log", log);
    const std::vector<Expected> ours = expected_tensors(document);
    const auto paired = pair_up(ours, theirs);
    std::vector<std::string> found;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        found.push_back(ours[i].name + "<-" +
                        (paired[i] ? theirs[*paired[i]].words + "@" + theirs[*paired[i]].where : ""));
    }
    return found;
}

std::string print_of(const AnyTensor& tensor) {
    return torch::to_string(tensor);
}

using Pairs = std::vector<std::string>;

const Retell no_retell = [](auto, auto) { return Document{}; };

}  // namespace

TEST_CASE("compare: numbers agree to the digits that were printed") {
    using Kind = Closeness::Kind;
    const AnyTensor ours = floats({2}, {0.123456f, -2.0f});
    CHECK(closeness("tensor([ 0.1235, -2.0000])", ours).kind == Kind::same);
    CHECK(closeness("tensor([ 0.1234, -2.0000])", ours).kind == Kind::nearly);
    CHECK(closeness("tensor([ 0.1237, -2.0000])", ours).kind == Kind::differs);

    // Other precisions, other styles, NumPy's shortest digits.
    CHECK(closeness("tensor([ 0.12, -2.00])", ours).kind == Kind::same);
    CHECK(closeness("tensor([ 0.13, -2.00])", ours).kind == Kind::differs);
    CHECK(closeness("tensor([ 0.12345600, -2.00000000])", ours).kind == Kind::same);
    CHECK(closeness("tensor([ 0.12345700, -2.00000000])", ours).kind == Kind::nearly);
    CHECK(closeness("tensor([ 0.12346700, -2.00000000])", ours).kind == Kind::differs);
    CHECK(closeness("tensor([ 1.2346e-01, -2.0000e+00])", ours).kind == Kind::same);
    CHECK(closeness("tensor([ 1.2446e-01, -2.0000e+00])", ours).kind == Kind::differs);
    CHECK(closeness("[ 0.123456 -2.      ]", ours).kind == Kind::same);
    CHECK(closeness("[ 0.123456 -2.1     ]", ours).kind == Kind::differs);

    // "2." stands for a whole number, and not for whatever rounds to it.
    CHECK(closeness("tensor([1., 0.])", floats({2}, {1.0f, 0.0f})).kind == Kind::same);
    CHECK(closeness("tensor([1., 0.])", floats({2}, {0.99999994f, 0.0f})).kind == Kind::same);
    CHECK(closeness("tensor([1., 0.])", floats({2}, {0.8f, 0.2f})).kind == Kind::differs);
}

TEST_CASE("compare: infinities, NaN, booleans and shapes") {
    using Kind = Closeness::Kind;
    const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    const AnyTensor ours = floats({3}, {0.5f, -inf, nan});
    CHECK(closeness("tensor([0.5000,   -inf,    nan])", ours).kind == Kind::same);
    CHECK(closeness("tensor([0.5000, 0.0000,    nan])", ours).kind == Kind::differs);
    CHECK(closeness("tensor([0.5000,    inf,    nan])", ours).kind == Kind::differs);
    CHECK(closeness("tensor([0.5000,   -inf, 0.0000])", ours).kind == Kind::differs);
    CHECK(closeness("tensor([True, False])", tensor<bool>({2}, {true, false})).kind == Kind::same);
    CHECK(closeness("tensor([7, -3])", tensor<std::int64_t>({2}, {7, -3})).kind == Kind::same);
    CHECK(closeness("tensor([7, -4])", tensor<std::int64_t>({2}, {7, -3})).kind == Kind::differs);

    const Closeness shape = closeness("tensor([[1., 2., 3.]])", floats({3}, {1, 2, 3}));
    CHECK(shape.kind == Kind::differs);
    CHECK(shape.shapes == "its shape is (1, 3), here it is (3,)");
    CHECK(compare(printed("torch.Size([2, 6])"), numbers_of(Size{{2, 6}})).kind == Kind::same);
    CHECK(compare(printed("torch.Size([2, 7])"), numbers_of(Size{{2, 6}})).kind == Kind::differs);
    CHECK(compare(printed("tensor([2, 6])"), numbers_of(Size{{2, 6}})).kind == Kind::differs);
}

TEST_CASE("compare: a summary is compared where it shows something") {
    std::vector<float> values(50 * 30);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
    const AnyTensor ours = floats({50, 30}, values);
    const std::string text = print_of(ours);
    CHECK(closeness(text, ours).kind == Closeness::Kind::same);
    CHECK(closeness(text, floats({30, 50}, values)).kind == Closeness::Kind::differs);

    // Row 48 stands behind the "...".
    values[48 * 30 + 1] += 1.0f;
    const Closeness wrong = closeness(text, floats({50, 30}, values));
    REQUIRE(wrong.first);
    CHECK(*wrong.first == 48 * 30 + 1);
    values[48 * 30 + 1] -= 1.0f;
    values[20 * 30 + 20] += 1.0f;
    CHECK(closeness(text, floats({50, 30}, values)).kind == Closeness::Kind::same);
}

TEST_CASE("compare: a place in words") {
    CHECK(place_in_words(45, {2, 2, 6, 2}, {"B", "H", "T", "head_dim"}) ==
          "sequence 1, head 1, token 4, column 1");
    CHECK(place_in_words(21, {1, 2, 6, 2}, {"B", "H", "T", "head_dim"}) == "head 1, token 4, column 1");
    CHECK(place_in_words(7, {6, 6}, {"T", "T"}) == "token 1, column 1");
    CHECK(place_in_words(4, {6}, {"T"}) == "token 4");
    CHECK(place_in_words(0, {}, {}) == "the number");
}

TEST_CASE("compare: pairs by name, then by numbers, order and shape") {
    const AnyTensor a = floats({2, 3}, some), b = floats({2, 3}, other);
    const Document document = document_of({{"scores", a}, {"weights", b}});

    CHECK(pairs(document, "scores: " + print_of(a) + "\nweights: " + print_of(b)) ==
          Pairs{"scores<-scores:@line 1", "weights<-weights:@line 3"});
    // The right name with wrong numbers, not the right numbers with a wrong name.
    CHECK(pairs(document, "scores: " + print_of(b) + "\nweights: " + print_of(a)) ==
          Pairs{"scores<-scores:@line 1", "weights<-weights:@line 3"});
    // Other names: by their numbers. No names and no numbers that agree: by order and shape.
    CHECK(pairs(document, "s1: " + print_of(a) + "\ns2: " + print_of(b)) ==
          Pairs{"scores<-s1:@line 1", "weights<-s2:@line 3"});
    const AnyTensor c = floats({2, 3}, {9, 8, 7, 6, 5, 4.5f});
    CHECK(pairs(document, print_of(c) + "\n\n" + print_of(c)) ==
          Pairs{"scores<-@line 1", "weights<-@line 4"});
    CHECK(pairs(document, print_of(a) + "\n\n" + print_of(c)) ==
          Pairs{"scores<-@line 1", "weights<-@line 4"});
    CHECK(pairs(document, "other: tensor([1.5])") == Pairs{"scores<-", "weights<-"});
}

TEST_CASE("compare: a name that comes again is paired with what stands beside it") {
    const AnyTensor a = floats({2, 3}, some), b = floats({2, 3}, other), c = floats({6}, some);
    const Document document = document_of({{"weights", a}, {"mask", c}, {"weights", b}});
    const std::string earlier = "weights: " + print_of(b) + "\n";
    CHECK(pairs(document, earlier + "weights: " + print_of(floats({2, 3}, {9, 8, 7, 6, 5, 4.5f})) +
                              "\nmask: " + print_of(c) + "\nweights: " + print_of(b)) ==
          Pairs{"weights<-weights:@line 3", "mask<-mask:@line 5", "weights.2<-weights:@line 6"});
    CHECK(pairs(document, "mask: " + print_of(c) + "\nweights: " + print_of(b)) ==
          Pairs{"weights<-", "mask<-mask:@line 1", "weights.2<-weights:@line 2"});
}

TEST_CASE(
    "compare: wrong numbers under a name that comes again later are looked for beside their neighbour") {
    const AnyTensor a = floats({2, 3}, some), wrong = floats({2, 3}, {9, 8, 7, 6, 5, 4.5f});
    const Document document = document_of({{"scores", a}, {"weights", floats({2, 3}, other)}});
    const std::string log =
        "scores: " + print_of(a) + "\nweights: " + print_of(wrong) + "\nother: tensor([1.5])\n";
    CHECK(pairs(document, log + "weights: " + print_of(wrong)) ==
          Pairs{"scores<-scores:@line 1", "weights<-weights:@line 3"});
}

TEST_CASE("compare: the number of a notebook's cell helps where names and numbers leave a choice") {
    const Document document = document_of({{"weights", floats({2, 3}, some)}});  // in cell 2
    const std::string wrong = "print(weights)\n\n" + print_of(floats({2, 3}, other)) + "\n\n";
    CHECK(pairs(document, "In [2]:\n" + wrong + "In [3]:\n" + wrong) == Pairs{"weights<-@In [2]"});
}

TEST_CASE("compare: what no print is required for is compared where it is found") {
    const Document document =
        document_of({{"inputs", floats({2, 3}, some), false}, {"scores", floats({2, 3}, other)}});
    const auto without = read_text("log", "scores: " + print_of(floats({2, 3}, other)));
    CHECK(compare(document, "f", without).tensors.size() == 1);
    const auto with = read_text("log", "inputs: " + print_of(floats({2, 3}, other)));
    const Comparison comparison = compare(document, "f", with);
    CHECK(comparison.count(Result::differs) == 1);
    CHECK(comparison.count(Result::not_found) == 1);
}

TEST_CASE("compare: the relation between two tensors is found") {
    const auto relation = [](const AnyTensor& theirs, const AnyTensor& ours) {
        const auto hint = relation_between(printed(print_of(theirs)), numbers_of(ours), {2, 3, 8});
        return hint ? hint->id + ": " + hint->cause : "";
    };
    const AnyTensor ours = floats({2, 3}, some);
    const auto changed = [](auto change) {
        std::vector<float> values = some;
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = change(values[i], i);
        return floats({2, 3}, values);
    };
    CHECK(relation(changed([](float x, auto) { return x * std::sqrt(8.0f); }), ours) ==
          "constant-ratio: yours = ours x 2.8284, which is √8");
    CHECK(has(relation(changed([](float x, auto) { return x * 0.7f; }), ours), "yours = ours x 0.7"));
    CHECK(has(relation(changed([](float x, auto) { return -x; }), ours), "sign"));
    CHECK(has(relation(floats({3, 2}, {some[0], some[3], some[1], some[4], some[2], some[5]}), ours),
              "transposed"));
    CHECK(has(relation(floats({2, 3}, {some[3], some[4], some[5], some[0], some[1], some[2]}), ours),
              "along axis 0: yours has ours [1, 0]"));
    CHECK(has(relation(floats({3, 2}, some), ours), "other-shape"));
    CHECK(has(relation(floats({2, 3}, {some[0], some[2], some[1], some[4], some[3], some[5]}), ours),
              "rearranged"));

    const AnyTensor tall = floats({4, 2}, {0.1f, 0.9f, 0.25f, 0.7f, -0.4f, 0.3f, 0.8f, -0.6f});
    CHECK(has(relation(floats({4, 2}, {0.6f, 0.8f, 0.75f, 0.6f, 0.1f, 0.2f, 1.3f, -0.7f}), tall),
              "offset: every row is off by the same vector: yours = ours + (0.5000, -0.1000)"));
    CHECK(has(relation(floats({4, 2}, {0.0f, 0.0f, 0.1f, 0.9f, 0.25f, 0.7f, -0.4f, 0.3f}), tall),
              "shifted: along axis 0 yours stands one place later"));

    // Nothing fits: nothing is said.
    CHECK(relation(floats({2, 3}, other), ours) == "");
    CHECK(relation(floats({2}, {0.0f, 2.0f}), floats({2}, {2.0f, 0.0f})) == "");
}

TEST_CASE("compare: a cause is shown only where it gives the very numbers") {
    const AnyTensor a = floats({2, 3}, some), b = floats({2, 3}, other);
    const Document document = document_of({{"scores", a}, {"weights", b}});
    const std::vector<float> first = {3, 1, 4.5f, 1, 5, 9}, second = {2, 7, 1.5f, 8, 2, 8};
    int computed = 0;
    const auto mistake = [&](const char* id, NamedTensors tensors) {
        return Mistake{id, "a cause", "some advice", [&computed, tensors] { return ++computed, tensors; }};
    };
    const Mistakes mistakes = {
        mistake("only-first", {{"scores", floats({2, 3}, first)}}),
        mistake("both", {{"scores", floats({2, 3}, first)}, {"weights", floats({2, 3}, second)}}),
        mistake("both-again", {{"scores", floats({2, 3}, first)}, {"weights", floats({2, 3}, second)}})};
    const auto diagnosed = [&](const AnyTensor& scores, const AnyTensor& weights) {
        const auto theirs =
            read_text("log", "scores: " + print_of(scores) + "\nweights: " + print_of(weights));
        Comparison comparison = compare(document, "f", theirs);
        diagnose(comparison, mistakes, no_retell);
        std::string result;
        for (const ComparedTensor& tensor : comparison.tensors) {
            result += (tensor.hint ? tensor.hint->id : "-") + "/" + tensor.follows_from + " ";
        }
        return result;
    };
    CHECK(diagnosed(a, b) == "-/ -/ ");
    CHECK(computed == 0);
    CHECK(diagnosed(floats({2, 3}, first), floats({2, 3}, second)) == "both/ -/scores ");
    CHECK(diagnosed(floats({2, 3}, first), b) == "only-first/ -/ ");
    std::vector<float> neither = first;
    neither[4] += 0.01f;
    CHECK(diagnosed(floats({2, 3}, neither), b) == "-/ -/ ");
}

TEST_CASE("compare: the report for the terminal") {
    const AnyTensor a = floats({2, 3}, some);
    const Document document = document_of({{"scores", a}, {"weights", a}, {"gone", a}});
    const std::string bad_name = "evil\x1b[31m\xff";
    const auto theirs = read_text(
        "log", "scores: " + print_of(a) + "\n" + bad_name + ": tensor([1.5])\nweights: tensor([[0.1100,");
    const Comparison comparison = compare(document, "f.txt", theirs);
    const std::string report =
        report_for_terminal(comparison, Terminal{.unicode = true, .colors = Colors::none});
    CHECK(has(report, "✓ scores   line 1  agrees, all 4 digits"));
    CHECK(has(report, "cannot be read\n      it ends in the middle"));
    CHECK(has(report, "? gone             not found"));
    CHECK(has(report, "chapter 3  1 of 3 tensors agree, 1 cannot be read, 1 not found\n"));
    CHECK_FALSE(has(report, "\x1b"));
    const std::string plain =
        report_for_terminal(comparison, Terminal{.unicode = false, .colors = Colors::sixteen});
    CHECK(has(plain, "\x1b[32mok"));
    CHECK(has(plain, "DIFFERS"));
}

TEST_CASE("compare: the reports for programs and graders stay well-formed whatever the names are") {
    const AnyTensor a = floats({2, 3}, some);
    const Document document = document_of({{"a < b & \"c\"", a}, {"gone", a}});
    const auto theirs = read_text("log", "<script>\xff: " + print_of(floats({2, 3}, other)));
    const Comparison comparison = compare(document, "\x01.ipynb", theirs);
    const std::string json = report_as_json(comparison), xml = report_as_junit(comparison);
    CHECK(has(json, "\"result\": \"differs\""));
    CHECK(has(json, "\"differ\": 1"));
    CHECK(has(json, "\"not_found\": 1"));
    CHECK(has(json, "\"place\": \"token 0, column 0\""));
    CHECK(has(xml, "tests=\"2\" failures=\"2\""));
    CHECK(has(xml, "name=\"a &lt; b &amp; &quot;c&quot;\""));
    CHECK(has(xml, "<failure type=\"not found\" message=\"not found\"/>"));
    CHECK_FALSE(has(xml, "<script"));
    for (const char c : xml) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
}
