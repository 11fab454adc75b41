#include "common/document/step.hpp"

#include <algorithm>
#include <utility>

#include "common/printable.hpp"

namespace {

std::vector<std::string> printable_words(std::vector<std::string> words) {
    std::transform(words.begin(), words.end(), words.begin(), printable);
    return words;
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
    blocks.emplace_back(
        Heatmap{printable(title_of_map), std::move(weights), printable_words(std::move(words))});
    return *this;
}
