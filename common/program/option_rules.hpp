// Which options go together. An option that would do nothing is refused by its name, with the reason.
#pragma once
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

// A command line that is at fault. what() is one line: what, where, what to do.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// One row of the table. An option may stand with a value, "--color always": the rule then holds for this
// value.
struct OptionRule {
    enum class Kind {
        needs,    // `option` does something only with one of `others`
        excludes  // `option` and any of `others` do not go together
    };
    std::string option;
    Kind kind;
    std::vector<std::string> others;
    std::string why;  // "the mask has no window": a clause without a capital letter or a full stop
};
using OptionRules = std::vector<OptionRule>;

// The rules of the options that every chapter has, and of --config, --weights and --prefill.
const OptionRules& common_option_rules();

// The options that a chapter has, by their names, each with its values on the command line: none where it is
// not given.
using GivenOptions = std::map<std::string, std::vector<std::string>>;

// Holds a command line against the rules. A rule of an option that the chapter does not have is left out.
// Throws UsageError.
void check_option_rules(const GivenOptions& given, const OptionRules& rules);
