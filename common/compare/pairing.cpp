#include "common/compare/pairing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace {

// "self.attn_weights.detach()" and "attn_weights (T, T) = (6, 6):" -> "attn_weights"
std::string plain_name(std::string name) {
    constexpr std::array<std::string_view, 10> endings = {
        ".detach()", ".numpy()",      ".cpu()",   ".data", ".clone()",
        ".tolist()", ".contiguous()", ".float()", ":",     "="};
    const std::size_t legend = name.find(" (");
    if (legend != std::string::npos) name.erase(legend);
    if (name.starts_with("self.")) name.erase(0, 5);
    for (bool found = true; found;) {
        found = false;
        for (const std::string_view ending : endings) {
            if (!name.ends_with(ending)) continue;
            name.erase(name.size() - ending.size());
            found = true;
        }
    }
    if (name.ends_with(".size()")) name.replace(name.size() - 7, 7, ".shape");
    std::erase(name, ' ');
    return name;
}

struct PlainNames {
    std::string name, words, full_name;
};

PlainNames names_of(const PrintedTensor& theirs) {
    std::string full = theirs.name;
    std::erase(full, ' ');
    return {plain_name(theirs.name), plain_name(theirs.words), full};
}

// How well a print fits a tensor of ours; 0: not at all. An equal name counts more than equal numbers,
// because a tensor with a mistake has the right name and the wrong numbers.
int fit(const Expected& ours, const std::string& our_name, const PrintedTensor& theirs,
        const PlainNames& their_names) {
    const bool unnamed = theirs.name.empty() && theirs.words.empty();
    const bool same_name =
        our_name == their_names.name || our_name == their_names.words || our_name == their_names.full_name;
    if (!theirs.damage.empty()) return same_name ? 30 : 0;

    const bool shape = fits_shape(theirs, ours.numbers);
    if (!same_name && (!shape || !ours.required)) return 0;
    if (same_name && !shape) return 10;
    const bool few_numbers = ours.numbers.values.size() < 5;
    if (compare(theirs, ours.numbers).agrees()) {
        if (same_name) return few_numbers ? 70 : 100;
        return few_numbers ? 8 : 40;
    }
    if (same_name) return 50;
    return few_numbers ? 0 : unnamed ? 6 : 3;
}

}  // namespace

std::vector<Expected> expected_tensors(const Document& document) {
    std::vector<Expected> tensors;
    std::map<std::string, int> seen;
    for_each_shown(document, [&](const Shown& shown) {
        const int count = ++seen[shown.name];
        tensors.push_back({count == 1 ? shown.name : fmt::format("{}.{}", shown.name, count), &shown,
                           numbers_of(shown), shown.cell.has_value()});
    });
    const bool any_required =
        std::any_of(tensors.begin(), tensors.end(), [](const Expected& ours) { return ours.required; });
    for (Expected& ours : tensors) ours.required = ours.required || !any_required;
    return tensors;
}

std::vector<std::optional<std::size_t>> pair_up(const std::vector<Expected>& ours,
                                                const std::vector<PrintedTensor>& theirs) {
    std::vector<PlainNames> names(theirs.size());
    std::transform(theirs.begin(), theirs.end(), names.begin(), names_of);

    // The best sum of fits for all from i and from j on, as in the longest common subsequence. Neighbours
    // that stay neighbours count a little more, which keeps a chapter's prints together in a long notebook.
    struct State {
        int apart = 0;   // best sum from here on
        int paired = 0;  // the same with i and j paired; 0 where they do not fit
    };
    const std::size_t width = theirs.size() + 1;
    std::vector<State> best((ours.size() + 1) * width);
    for (std::size_t i = ours.size(); i-- > 0;) {
        std::string our_name = plain_name(ours[i].shown->name);
        const std::string full_name = ours[i].shown->name;
        if (full_name.find(',') != std::string::npos) our_name = full_name;
        std::erase(our_name, ' ');
        // The notebook's number of the cell is a small help where names and numbers leave a choice.
        const auto& cell = ours[i].shown->cell;
        const std::string our_cell = cell ? fmt::format("In [{}]", cell->number) : "";
        for (std::size_t j = theirs.size(); j-- > 0;) {
            State& state = best[i * width + j];
            const State& next = best[(i + 1) * width + j + 1];
            const int fits = 4 * fit(ours[i], our_name, theirs[j], names[j]);
            if (fits > 0) {
                state.paired = fits + (theirs[j].where == our_cell ? 2 : 0) + next.apart;
            }
            state.apart =
                std::max({state.paired, best[(i + 1) * width + j].apart, best[i * width + j + 1].apart});
        }
    }

    std::vector<std::optional<std::size_t>> pairs(ours.size());
    // Of equal sums: beside the pair before, or else as late as can be, which is closest to what follows.
    bool beside_a_pair = false;
    for (std::size_t i = 0, j = 0; i < ours.size() && j < theirs.size();) {
        const State& state = best[i * width + j];
        const bool can_pair = state.paired > 0 && state.paired == state.apart;
        if (can_pair && (beside_a_pair || best[i * width + j + 1].apart < state.apart)) {
            pairs[i++] = j++;
            beside_a_pair = true;
            continue;
        }
        beside_a_pair = false;
        if (best[i * width + j + 1].apart == state.apart) {
            ++j;
        } else {
            ++i;
        }
    }
    return pairs;
}
