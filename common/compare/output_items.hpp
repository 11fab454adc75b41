// Splits an output into items: values with the words before them on their line, and lines without a value.
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/compare/printed_tensor.hpp"
#include "common/compare/python_source.hpp"

struct OutputItem {
    std::string words;                   // single-spaced: "Sum:"
    std::optional<PrintedTensor> value;  // none: a line that is only words
    std::size_t at;                      // where it starts in the output
};

// Calls `visit` with each item, in order. If `among_code`, it skips text that looks like source: x =
// tensor(...), # tensor(...).
void for_each_item(std::string_view output, bool among_code, const std::function<void(OutputItem&&)>& visit);

// Gives each value of an output the name of the expression that the source prints: by the words of the print,
// else by order.
class ValueNames {
  public:
    void add(PrintedExpression expression);
    void forget() { *this = ValueNames(); }

    // Whether a value was named since the last forget().
    [[nodiscard]] bool in_use() const { return in_use_; }

    // Takes the next item of the output. If it is a value, sets its name and its words.
    void see(OutputItem& item);

  private:
    // The next expression that is printed after these words, or else the first one; nothing if there is none.
    [[nodiscard]] std::optional<std::size_t> printed_after(const std::string& words) const;
    void take(std::size_t place, PrintedTensor& value);

    std::vector<PrintedExpression> expressions_;
    std::map<std::string, std::vector<std::size_t>> places_;  // of expressions, by the words before them
    std::size_t next_ = 0;                                    // the expression whose turn it is
    bool words_seen_ = false;  // its words stood on a line of their own just now
    std::string line_above_;   // the last line of words
    bool in_use_ = false;
};
