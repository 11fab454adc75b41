// Standard output, with its errors.
#pragma once
#include <string>

// Writes `text` to standard output. A reader who has seen enough (`| head -1`) is no error; a full disk is
// one: std::runtime_error.
void write_out(const std::string& text);
