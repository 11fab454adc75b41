#include "common/document/step.hpp"

#include <utility>

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

Step& Step::note(std::string text_of_note) {
    blocks.emplace_back(Note{std::move(text_of_note)});
    return *this;
}

Step& Step::table(std::vector<std::string> header, std::vector<std::vector<std::string>> rows) {
    blocks.emplace_back(Table{std::move(header), std::move(rows)});
    return *this;
}

Step& Step::heatmap(std::string title_of_map, AnyTensor weights, std::vector<std::string> words) {
    blocks.emplace_back(Heatmap{std::move(title_of_map), std::move(weights), std::move(words)});
    return *this;
}
