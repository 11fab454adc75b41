// Notebooks and their texts, made for a test.
#pragma once
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/document/judge.hpp"

// A code cell of nbformat 4 and what it put out.
struct NotebookCell {
    std::string source;
    std::string stream;       // what it printed
    std::string result = {};  // its last expression, if that is shown
};

inline std::string notebook_of(const std::vector<NotebookCell>& cells) {
    nlohmann::json notebook = {
        {"nbformat", 4}, {"nbformat_minor", 5}, {"metadata", nlohmann::json::object()}};
    notebook["cells"] =
        nlohmann::json::array({{{"cell_type", "markdown"}, {"source", "print(a) # no code"}}});
    int count = 0;
    for (const NotebookCell& cell : cells) {
        nlohmann::json outputs = nlohmann::json::array();
        if (!cell.stream.empty()) {
            outputs.push_back({{"output_type", "stream"}, {"name", "stdout"}, {"text", cell.stream}});
        }
        if (!cell.result.empty()) {
            outputs.push_back({{"output_type", "execute_result"}, {"data", {{"text/plain", cell.result}}}});
        }
        notebook["cells"].push_back({{"cell_type", "code"},
                                     {"execution_count", ++count},
                                     {"source", cell.source},
                                     {"outputs", outputs}});
    }
    return notebook.dump(1);
}

// What the notebook prints before a tensor, as the source of its print: print("Sum:", x).
inline std::string source_of(const ReferencePrint& print) {
    const std::string words =
        print.text.substr(0, std::min(print.text.find("tensor("), print.text.find("torch.Size(")));
    std::string literal;
    for (const char c : words) literal += c == '\n' ? std::string("\\n") : std::string(1, c);
    if (literal.ends_with(' ')) literal.pop_back();
    return words.empty() ? fmt::format("print({})", print.name)
                         : fmt::format("print(\"{}\", {})", literal, print.name);
}

// All prints of a chapter as text saved from a notebook: prose, In [n]:, source, outputs, one after the
// other. `instead` gives other texts for some prints, by their place in the chapter.
inline std::string saved_text(const std::vector<const ReferencePrint*>& prints,
                              const std::vector<std::string>& texts) {
    std::string text =
        "### A saved notebook\nProse with a bracket (and a call, f(x)), don't stumble over it.\n\n";
    for (std::size_t i = 0; i < prints.size();) {
        std::string source = "x = torch.tensor(\n  [[0.5, 1.5], # a row (of two\n   [2.5, 3.5]]\n)\n",
                    outputs;
        const int cell = prints[i]->cell;
        for (; i < prints.size() && prints[i]->cell == cell; ++i) {
            source += source_of(*prints[i]) + "\n";
            outputs += texts[i] + "\n";
        }
        text += fmt::format("In [{}]:\n{}\n{}\n\nThen softmax(x) [see above] goes on.\n\n", cell, source,
                            outputs);
    }
    return text;
}
