#include "common/document/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "notebook_prints.hpp"
#include "torch_prints.hpp"

namespace {

std::vector<ReferencePrint> read_prints() {
    std::vector<ReferencePrint> prints;
    for (const std::string_view text : {notebook_prints_json, torch_prints_json}) {
        const nlohmann::json file = nlohmann::json::parse(text);
        for (const auto& entry : file.at("prints")) {
            prints.push_back({entry.at("chapter"), entry.at("cell"), entry.at("name"), entry.at("text")});
        }
    }
    return prints;
}

// A torch.Size counts as a vector of its numbers.
Shape shape_of(const Shown& shown) {
    if (const auto* size = std::get_if<Size>(&shown.value)) return {size->shape.size()};
    return std::get<AnyTensor>(shown.value).shape;
}

}  // namespace

const std::vector<ReferencePrint>& reference_prints() {
    static const std::vector<ReferencePrint> prints = read_prints();
    return prints;
}

std::vector<std::string> numbers_in(std::string_view printed) {
    constexpr std::string_view separators = "[](), \n";
    std::vector<std::string> numbers;
    while (!printed.empty()) {
        const std::string_view word = printed.substr(0, printed.find_first_of(separators));
        printed.remove_prefix(std::min(printed.size(), word.size() + 1));

        // A word is a number if it starts like one: the digit in "attn_scores_2" does not count.
        const std::string_view digits = word.starts_with('-') ? word.substr(1) : word;
        const bool starts_with_digit = !digits.empty() && digits[0] >= '0' && digits[0] <= '9';
        if (starts_with_digit || digits == "inf" || digits == "nan") numbers.emplace_back(word);
    }
    return numbers;
}

std::string value_text(const Shown& shown, const torch::PrintOptions& options) {
    if (const auto* size = std::get_if<Size>(&shown.value)) return torch::size_to_string(size->shape);
    return torch::to_string(std::get<AnyTensor>(shown.value), options);
}

std::string printed_text(const Shown& shown, const torch::PrintOptions& options) {
    return (shown.cell ? shown.cell->label : "") + value_text(shown, options);
}

std::string_view source_of_prints(int cell) {
    return cell == 0 ? "PyTorch" : "the notebook";
}

bool has_notebook(int chapter) {
    return std::any_of(
        reference_prints().begin(), reference_prints().end(),
        [&](const ReferencePrint& print) { return print.chapter == chapter && print.cell > 0; });
}

std::string first_difference(const std::string& here, const std::string& there, const Shape& shape,
                             std::string_view source) {
    const std::vector<std::string> ours = numbers_in(here), theirs = numbers_in(there);
    if (ours.size() != theirs.size()) {
        return fmt::format("{} numbers here, {} in {}", ours.size(), theirs.size(), source);
    }
    const auto [our, their] = std::mismatch(ours.begin(), ours.end(), theirs.begin());
    if (our == ours.end()) return "the numbers agree, the text around them does not";
    const auto flat = static_cast<std::size_t>(our - ours.begin());
    return fmt::format("{} is {} here, {} in {}", index_to_string(flat, shape), *our, *their, source);
}

Score judge(Document& document) {
    const int chapter = document.chapter.number;
    const auto find = [chapter](int cell, const std::string& name) -> const ReferencePrint& {
        for (const ReferencePrint& print : reference_prints()) {
            if (print.chapter == chapter && print.cell == cell && print.name == name) return print;
        }
        throw std::logic_error(fmt::format("chapter {} has no print of {} in cell {}", chapter, name, cell));
    };

    std::set<const ReferencePrint*> reproduced;
    for_each_shown(document, [&](Shown& shown) {
        if (!shown.cell) return;
        const ReferencePrint& print = find(shown.cell->number, shown.name);
        const std::string here = printed_text(shown);
        if (here == print.text) {
            shown.verdict = Verdict{true, ""};
            reproduced.insert(&print);
        } else {
            shown.verdict = Verdict{
                false, first_difference(here, print.text, shape_of(shown), source_of_prints(print.cell))};
        }
    });

    const auto expected = std::count_if(reference_prints().begin(), reference_prints().end(),
                                        [&](const auto& print) { return print.chapter == chapter; });
    return {static_cast<int>(reproduced.size()), static_cast<int>(expected)};
}
