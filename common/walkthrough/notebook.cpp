#include "common/walkthrough/notebook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <stdexcept>

#include "notebook_prints.hpp"

namespace {

std::vector<NotebookPrint> read_prints() {
    std::vector<NotebookPrint> prints;
    const nlohmann::json file = nlohmann::json::parse(notebook_prints_json);
    for (const auto& entry : file.at("prints")) {
        prints.push_back({entry.at("chapter"), entry.at("cell"), entry.at("name"), entry.at("text")});
    }
    return prints;
}

std::vector<std::string> numbers_in(const std::string& text) {
    // Numbers stand behind a bracket, a comma or a space: the digits of "attn_scores_2" do not.
    static const std::regex number(R"((^|[\[( ,\n])(-?(?:inf|nan|\d+\.?\d*(?:e[+-]\d+)?)))");
    std::vector<std::string> numbers;
    for (std::sregex_iterator match(text.begin(), text.end(), number), end; match != end; ++match) {
        numbers.push_back((*match)[2]);
    }
    return numbers;
}

// A torch.Size has no elements of its own: its numbers stand in one row.
Shape shape_of(const Shown& shown) {
    if (const auto* size = std::get_if<Size>(&shown.value)) return {size->shape.size()};
    return std::get<AnyTensor>(shown.value).shape;
}

}  // namespace

const std::vector<NotebookPrint>& notebook_prints() {
    static const std::vector<NotebookPrint> prints = read_prints();
    return prints;
}

std::string value_text(const Shown& shown, const torch::PrintOptions& options) {
    if (const auto* size = std::get_if<Size>(&shown.value)) return torch::size_to_string(size->shape);
    return torch::to_string(std::get<AnyTensor>(shown.value), options);
}

std::string printed_text(const Shown& shown, const torch::PrintOptions& options) {
    return (shown.cell ? shown.cell->label : "") + value_text(shown, options);
}

std::string first_difference(const std::string& here, const std::string& there, const Shape& shape) {
    const std::vector<std::string> ours = numbers_in(here), theirs = numbers_in(there);
    if (ours.size() != theirs.size()) {
        return fmt::format("{} numbers here, {} in the notebook", ours.size(), theirs.size());
    }
    const auto [our, their] = std::mismatch(ours.begin(), ours.end(), theirs.begin());
    if (our == ours.end()) return "the numbers agree, the text around them does not";
    const auto flat = static_cast<std::size_t>(our - ours.begin());
    return fmt::format("{} is {} here, {} in the notebook", index_to_string(flat, shape), *our, *their);
}

Score judge(Document& document) {
    const int chapter = document.chapter.number;
    const auto find = [chapter](int cell, const std::string& name) -> const NotebookPrint& {
        for (const NotebookPrint& print : notebook_prints()) {
            if (print.chapter == chapter && print.cell == cell && print.name == name) return print;
        }
        throw std::logic_error(fmt::format("cell {} of the notebook prints no {}", cell, name));
    };

    std::set<const NotebookPrint*> reproduced;
    for_each_shown(document, [&](Shown& shown) {
        if (!shown.cell) return;
        const NotebookPrint& print = find(shown.cell->number, shown.name);
        const std::string here = printed_text(shown);
        if (here == print.text) {
            shown.verdict = Verdict{true, ""};
            reproduced.insert(&print);
        } else {
            shown.verdict = Verdict{false, first_difference(here, print.text, shape_of(shown))};
        }
    });

    const auto expected = std::count_if(notebook_prints().begin(), notebook_prints().end(),
                                        [&](const auto& print) { return print.chapter == chapter; });
    return {static_cast<int>(reproduced.size()), static_cast<int>(expected)};
}
