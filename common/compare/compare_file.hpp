// --compare FILE: the tensors of a walk beside those that somebody printed.
#pragma once
#include <optional>
#include <string>

#include "common/compare/diagnosis.hpp"
#include "common/walkthrough/options.hpp"

// Writes the report and returns the exit status: 0 if all tensors are there and agree, else 1. Throws
// FileError, also where the file has nothing of this chapter.
int compare_file(const Document& document, const Options& options, const Mistakes& mistakes,
                 const Retell& retell, bool speaks = true);
