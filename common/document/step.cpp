#include "common/document/step.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/printable.hpp"

namespace {

std::vector<std::string> printable_words(std::vector<std::string> words) {
    std::transform(words.begin(), words.end(), words.begin(), printable);
    return words;
}

Heatmap printable_heatmap(Heatmap heatmap) {
    heatmap.title = printable(heatmap.title);
    heatmap.words = printable_words(std::move(heatmap.words));
    return heatmap;
}

}  // namespace

Step& Step::read(std::string file) {
    source = std::move(file);
    return *this;
}

Step& Step::formula(std::string text_of_formula) {
    blocks.emplace_back(Formula{std::move(text_of_formula)});
    return *this;
}

Step& Step::show(std::string name, AnyTensor value, std::vector<std::string> axes,
                 std::optional<Cell> printed) {
    blocks.emplace_back(Shown{std::move(name), std::move(value), std::move(axes), std::move(printed), {}});
    return *this;
}

Step& Step::show_shape(std::string name, const Shape& shape, std::optional<Cell> printed) {
    blocks.emplace_back(Shown{std::move(name), Size{shape}, {}, std::move(printed), {}});
    return *this;
}

Step& Step::note(const std::string& text_of_note) {
    blocks.emplace_back(Note{printable(text_of_note)});
    return *this;
}

Step& Step::table(std::vector<std::string> header, std::vector<std::vector<std::string>> rows) {
    for (std::vector<std::string>& row : rows) row = printable_words(std::move(row));
    blocks.emplace_back(Table{printable_words(std::move(header)), std::move(rows)});
    return *this;
}

Step& Step::heatmap(const std::string& title_of_map, AnyTensor weights, std::vector<std::string> words) {
    blocks.emplace_back(printable_heatmap({title_of_map, std::move(weights), std::move(words)}));
    return *this;
}

Step& Step::side_by_side(Heatmap left, Heatmap right) {
    blocks.emplace_back(HeatmapPair{printable_heatmap(std::move(left)), printable_heatmap(std::move(right))});
    return *this;
}

Step& Step::show_pair(Shown left, Shown right) {
    blocks.emplace_back(ShownPair{std::move(left), std::move(right)});
    return *this;
}

Step& Step::code(std::vector<std::string> lines) {
    blocks.emplace_back(Code{std::move(lines)});
    return *this;
}

Step& Step::roofline(Roofline picture) {
    const auto require_positive = [](double number, const std::string& whose) {
        if (!(number > 0))
            throw std::invalid_argument("roofline: a number of " + whose + " is not above zero");
    };
    for (const double roof : {picture.roofs.flop_per_second, picture.roofs.bytes_per_second})
        require_positive(roof, "the limits");
    for (const Roofline::Point& point : picture.points) {
        for (const double number : {point.work.flop, point.work.bytes, point.seconds})
            require_positive(number, point.name);
    }
    blocks.emplace_back(std::move(picture));
    return *this;
}

std::string numbered_kind(const Document& document) {
    const int number = document.chapter.number;
    return number == 0 ? document.kind : document.kind + " " + std::to_string(number);
}
