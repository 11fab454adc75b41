#include "common/program/option_rules.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace {

constexpr auto needs = OptionRule::Kind::needs;
constexpr auto excludes = OptionRule::Kind::excludes;

// "--color always" without its value.
std::string name_of(const std::string& rule_option) {
    return rule_option.substr(0, rule_option.find(' '));
}

// Whether "--json" stands on the command line, or "--color always" with this value.
bool is_given(const GivenOptions& given, const std::string& rule_option) {
    const std::string name = name_of(rule_option);
    const auto option = given.find(name);
    if (option == given.end() || option->second.empty()) return false;
    return name == rule_option || option->second.back() == rule_option.substr(name.size() + 1);
}

// "--weights or --input": of these options those that the chapter has.
std::string alternatives(const GivenOptions& given, const std::vector<std::string>& options) {
    std::string text;
    for (const std::string& option : options) {
        if (given.contains(name_of(option))) text += (text.empty() ? "" : " or ") + option;
    }
    return text;
}

void check(const GivenOptions& given, const OptionRule& rule) {
    const auto other = std::find_if(rule.others.begin(), rule.others.end(),
                                    [&](const std::string& option) { return is_given(given, option); });
    if (rule.kind == excludes && other != rule.others.end()) {
        throw UsageError(fmt::format("{} and {} do not go together: {}; leave out one of them", rule.option,
                                     *other, rule.why));
    }
    const std::string wanted = alternatives(given, rule.others);
    if (rule.kind == needs && other == rule.others.end() && !wanted.empty()) {
        throw UsageError(
            fmt::format("{0} needs {1}: {2}; add {1}, or leave out {0}", rule.option, wanted, rule.why));
    }
}

}  // namespace

const OptionRules& common_option_rules() {
    static const OptionRules rules = {
        // One kind of output.
        {"--tensors-only",
         excludes,
         {"--scoreboard", "--step", "--html", "--compare"},
         "each is an output of its own"},
        {"--scoreboard", excludes, {"--step", "--html", "--json"}, "each is an output of its own"},
        {"--step", excludes, {"--html", "--compare"}, "each is an output of its own"},
        {"--html", excludes, {"--compare"}, "a comparison has no page"},
        {"--save", excludes, {"--compare"}, "a comparison saves no tensors"},
        {"--json", needs, {"--compare"}, "it is the form of a comparison"},
        {"--junit", needs, {"--compare"}, "it is the form of a comparison"},

        // How something is printed that is not printed.
        {"--precision", excludes, {"--scoreboard", "--compare"}, "no tensor is printed"},
        {"--full", excludes, {"--scoreboard", "--compare"}, "no tensor is printed"},
        {"--color always",
         excludes,
         {"--tensors-only", "--scoreboard", "--html", "--json"},
         "this output has no colours"},
        {"--tokens", excludes, {"--tensors-only", "--scoreboard", "--compare"}, "no heatmap is shown"},
        {"--tensors-only",
         excludes,
         {"--config", "--weights", "--input"},
         "PyTorch printed nothing for your own files"},

        // The reader's own files.
        {"--tokens", needs, {"--input"}, "it names the tokens of your input"},
        {"--prefix", needs, {"--weights"}, "it says what the names of your weights begin with"},
        {"--ignore-unused", needs, {"--weights"}, "it is about tensors in your file of weights"},
        {"--weights", needs, {"--config"}, "the config has the layer's dimensions"},
        {"--input", needs, {"--config"}, "the config has the layer's dimensions"},
        {"--prefill", needs, {"--config"}, "it splits the tokens for your own layer"}};
    return rules;
}

GivenOptions given_options(const CLI::App& app) {
    GivenOptions given;
    for (const CLI::Option* option : app.get_options()) given[option->get_name()] = option->results();
    return given;
}

void check_option_rules(const GivenOptions& given, const OptionRules& rules) {
    for (const OptionRule& rule : rules) {
        if (is_given(given, rule.option)) check(given, rule);
    }
}
