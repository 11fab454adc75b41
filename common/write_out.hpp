// Standard output and standard error, with their errors.
#pragma once
#include <string>
#include <string_view>

// Writes `text` to standard output. A reader who stops reading (`| head -1`) is no error. A full disk or a
// closed output is an error: std::runtime_error.
void write_out(std::string_view text);

// Writes "`program`: `message`" to standard error. It is always one line (printable()). Never throws: if
// standard error is closed, only the exit status tells of the error.
void write_error(std::string_view program, std::string_view message) noexcept;
