// What a compiler says about a student's file, made short: the error at the student's line first.
#pragma once
#include <string>

namespace exercise {

// The first error in `said` by g++ or clang: its message, the line of `file` that it is about, and the source
// of this line. An error inside a library's header is told at the student's line that leads there. If no line
// of `file` is in the message, returns its first lines.
std::string first_error(const std::string& said, const std::string& file);

// What the linker says, in words: which function is not there.
std::string link_error(const std::string& said);

}  // namespace exercise
