// Writing to standard output and standard error, with error handling.
#pragma once
#include <string>
#include <string_view>

// Writes `text` to standard output. It is no error if the receiving program stops reading (`| head -1`).
// Throws std::runtime_error if the disk is full or the output is closed.
void write_out(std::string_view text);

// Writes "`program`: `message`" to standard error, always as one line (printable()). Never throws: if
// standard error is closed, only the exit status reports the error.
void write_error(std::string_view program, std::string_view message) noexcept;
