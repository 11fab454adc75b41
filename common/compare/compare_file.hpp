// --compare FILE: compares the tensors of a walk with the reader's printed tensors.
#pragma once
#include <optional>
#include <string>

#include "common/compare/diagnosis.hpp"
#include "common/render/terminal.hpp"

struct CompareOptions {
    std::optional<std::string> file;   // a notebook, its text, or a file of tensors
    bool json = false;                 // the report for programs instead of the one for people
    std::optional<std::string> junit;  // the report for graders goes into this file
    bool only_summary = false;         // one line instead of the report
};

// Writes the report and returns the exit status: 0 if the file has all required tensors and all agree, else
// 1. Throws FileError, also if the file has no tensor of this chapter.
int compare_file(const Document& document, const CompareOptions& options, ColorChoice color,
                 const Mistakes& mistakes, const Retell& retell, bool speaks = true);
