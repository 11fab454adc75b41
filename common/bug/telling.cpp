#include "common/bug/telling.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/bug/source_lines.hpp"
#include "common/compare/closeness.hpp"
#include "common/compare/comparison.hpp"
#include "common/compare/relations.hpp"
#include "common/document/judge.hpp"
#include "common/render/text_layout.hpp"
#include "common/torch/print.hpp"

namespace bug {
namespace {

int chapter_number(const Entry& entry) {
    return std::stoi(std::string(entry.chapter));
}

Closeness closeness(const Fixture& fixture) {
    return compare(printed_from("", fixture.shipped), numbers_of(fixture.repaired));
}

// A relation that --compare would find, with the result of the bug as "yours".
std::string relation(const std::string& name, const Fixture& fixture) {
    const Shape& shape = fixture.repaired.shape;
    const std::vector<std::size_t> sizes(shape.begin(), shape.end());
    const auto hint =
        relation_between(printed_from(name, fixture.shipped), numbers_of(fixture.repaired), sizes);
    return hint ? ". In the words of --compare: " + hint->cause : "";
}

// The inputs that the reader has not seen before, and the names of the others.
void show_given(Step& step, const Fixture& fixture, const std::vector<Given>& seen) {
    std::vector<std::string> again;
    for (const Given& given : fixture.given) {
        const bool is_seen = std::any_of(seen.begin(), seen.end(), [&](const Given& other) {
            return other.name == given.name && other.tensor.shape == given.tensor.shape &&
                   other.tensor.values == given.tensor.values;
        });
        if (is_seen) {
            again.push_back(given.name);
        } else {
            step.show(given.name, given.tensor, given.axes);
        }
    }
    if (!again.empty()) step.note(fmt::format("Given as before: {}.", fmt::join(again, ", ")));
}

// Both results, and what a test says.
void show_results(Step& step, const Bug& bug, const Fixture& fixture) {
    const auto shown = [&](const std::string& version, const AnyTensor& tensor) -> Shown {
        return {bug.result + ", " + version, tensor, bug.axes, {}, {}};
    };
    step.show_pair(shown("shipped", fixture.shipped), shown("repaired", fixture.repaired));
    step.note(passes(fixture) ? "Both tensors are equal: the test passes."
                              : "The test fails. " + difference_in_words(bug, fixture) + ".");
}

nlohmann::json as_json(const Bug& bug, const Fixture& fixture) {
    nlohmann::json json = {{"title", fixture.title}, {"passes", passes(fixture)}};
    if (!passes(fixture)) json["difference"] = difference_in_words(bug, fixture);
    return json;
}

}  // namespace

bool passes(const Fixture& fixture) {
    return closeness(fixture).agrees();
}

std::string difference_in_words(const Bug& bug, const Fixture& fixture) {
    const Shape& shape = fixture.repaired.shape;
    if (fixture.shipped.shape != shape) {
        return fmt::format("The shape of {} is {} shipped, {} repaired", bug.result,
                           to_string(fixture.shipped.shape), to_string(shape));
    }
    // The numbers as they are shown: in one style, those of the repair after those with the bug.
    const std::vector<std::string> numbers =
        numbers_in(torch::to_string(stack(fixture.shipped, fixture.repaired)));
    const Closeness found = closeness(fixture);
    const std::size_t place = found.first.value();
    std::string words = fmt::format("The first difference of {} is at {}: {} shipped, {} repaired",
                                    bug.result, place_in_words(place, shape, bug.axes), numbers.at(place),
                                    numbers.at(fixture.shipped.size() + place));
    if (std::isfinite(found.largest))
        words += fmt::format(". The largest difference is {:.2g}", found.largest);
    return words + relation(bug.result, fixture);
}

Document document_of(const Entry& entry, const Bug& bug) {
    Document document;
    document.kind = "Bug";
    document.chapter = {entry.number, std::string(entry.chapter) + "/bugs",
                        bug.title,    bug.letters,
                        Takes::input, Draws::nothing};
    const auto step = [&](const std::string& title, const std::string& text) -> Step& {
        document.parts.emplace_back(Step{title, text, "", {}});
        return std::get<Step>(document.parts.back());
    };
    step("What happened", bug.story)
        .note(fmt::format("Published in {}. The code and the numbers here are our own.",
                          fmt::join(bug.threads, " and in ")));

    const Versions versions = versions_in(entry.source);
    step("The code",
         "shipped has the bug, repaired does not. Lines that only one of them has start with - or +.")
        .read(std::string(entry.file))
        .code(versions.shipped)
        .code(versions.repaired);

    Step& friendly = step("A friendly fixture: " + bug.friendly.title, bug.friendly.why);
    show_given(friendly, bug.friendly, {});
    show_results(friendly, bug, bug.friendly);

    Step& unfriendly = step("An unfriendly fixture: " + bug.unfriendly.title, bug.unfriendly.why);
    show_given(unfriendly, bug.unfriendly, bug.friendly.given);
    show_results(unfriendly, bug, bug.unfriendly);
    return document;
}

bool as_told(const Bug& bug) {
    return passes(bug.friendly) && !passes(bug.unfriendly);
}

std::string closing_line(const Entry& entry, const Bug& bug) {
    const auto says = [](const Fixture& fixture) { return passes(fixture) ? "passes" : "fails"; };
    return fmt::format("bug {}  the friendly fixture {}, the unfriendly one {}{}", entry.number,
                       says(bug.friendly), says(bug.unfriendly),
                       as_told(bug) ? "" : ": this is not as the story tells it");
}

std::string list_of(const std::vector<Entry>& entries, const std::vector<LeftOut>& left_out) {
    std::string text = "Bugs that were published and shipped. ./walk bug 12 tells number 12.\n\n";
    text += fmt::format("{:>2}  {}  {}\n", "", pad_right("bug", 65), "chapter");
    for (const Entry& entry : entries) {
        text += fmt::format("{:>2}  {}  {:>7}\n", entry.number, pad_right(entry.tell().title, 65),
                            chapter_number(entry));
    }
    text += "\nLeft out:\n";
    for (const LeftOut& bug : left_out) {
        text += fmt::format("{:>2}  {} ({})\n", bug.number, bug.title, bug.thread);
        for (const std::string& line : wrap(bug.reason, 76)) text += "    " + line + "\n";
    }
    return text;
}

std::string as_json(const Entry& entry, const Bug& bug) {
    const nlohmann::json json = {
        {"number", entry.number},
        {"title", bug.title},
        {"file", fmt::format("chapters/{}/bugs/{}", entry.chapter, entry.file)},
        {"threads", bug.threads},
        {"friendly", as_json(bug, bug.friendly)},
        {"unfriendly", as_json(bug, bug.unfriendly)},
    };
    return json.dump(2) + "\n";
}

}  // namespace bug
