// --compare FILE: the tensors of a walk beside those that somebody printed.
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

// Writes the report and returns the exit status: 0 if all tensors are there and agree, else 1. Throws
// FileError, also where the file has nothing of this chapter.
int compare_file(const Document& document, const CompareOptions& options, ColorChoice color,
                 const Mistakes& mistakes, const Retell& retell, bool speaks = true);
