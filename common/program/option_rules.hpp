// Rules for combinations of options. An option that would have no effect is refused by its name, with the
// reason.
#pragma once
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}

// The error for a wrong command line. what() is one line: what, where, what to do.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// One row of the table. An option may include a value, "--color always": the rule then holds only for this
// value.
struct OptionRule {
    enum class Kind {
        needs,    // `option` has an effect only with one of `others`
        excludes  // `option` cannot be combined with any of `others`
    };
    std::string option;
    Kind kind;
    std::vector<std::string> others;
    std::string why;  // "the mask has no window": a clause without a capital letter or a full stop
};
using OptionRules = std::vector<OptionRule>;

// The rules of the options that every chapter has, and of --config, --weights and --prefill.
const OptionRules& common_option_rules();

// All options of a chapter by name, each with its values on the command line. An option that is not given has
// no values.
using GivenOptions = std::map<std::string, std::vector<std::string>>;
GivenOptions given_options(const CLI::App& app);

// Checks a command line against the rules. Skips rules for options that the chapter does not have. Throws
// UsageError.
void check_option_rules(const GivenOptions& given, const OptionRules& rules);
