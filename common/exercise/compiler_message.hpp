// What a compiler says about a student's file, made short: the message at the student's line first.
#pragma once
#include <string>

namespace exercise {

// The first message of a kind ("error", "warning") in what g++ or clang has `said`: its words, the place in
// `file`, and that line of `source`, the file's text. A message about a library's header is told at the
// student's line that leads there. Returns "" if there is no such message.
std::string first_message(const std::string& said, const std::string& kind, const std::string& file,
                          const std::string& source);

// What the linker says, in words: which function is not there.
std::string link_error(const std::string& said);

}  // namespace exercise
