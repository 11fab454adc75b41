// Standard output and standard error, with their errors.
#pragma once
#include <string>
#include <string_view>

// Writes `text` to standard output. A reader who has seen enough (`| head -1`) is no error; a full disk or a
// closed output is one: std::runtime_error.
void write_out(std::string_view text);

// Writes "`program`: `message`" to standard error, as one line whatever the message holds (printable()).
// Never throws: where standard error is closed, the exit status has to say it.
void write_error(std::string_view program, std::string_view message) noexcept;
