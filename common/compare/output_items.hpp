// What an output consists of: values with the words before them on their line, and lines without a value.
#pragma once
#include <cstddef>
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

// In order. Where `among_code`, what looks like source is passed over: x = tensor(...), # tensor(...).
std::vector<OutputItem> items_in(std::string_view output, bool among_code = false);

// Gives the values of an output the names of what the source prints: by the words of the print, else by
// their order.
class ValueNames {
  public:
    void add(PrintedExpression expression) { expressions_.push_back(std::move(expression)); }
    void forget() { *this = ValueNames(); }

    // Any value named since the last forget()?
    [[nodiscard]] bool in_use() const { return in_use_; }

    // The next item of the output: a value is given its name and its words.
    void see(OutputItem& item);

  private:
    std::vector<PrintedExpression> expressions_;
    std::size_t next_ = 0;     // the expression whose turn it is
    bool words_seen_ = false;  // its words stood on a line of their own just now
    std::string line_above_;   // the last line of words
    bool in_use_ = false;
};
