// Writing a file whole or not at all.
#pragma once
#include <string>
#include <string_view>

// Writes `contents` to `path`, over what may be there. It is written beside it, brought to the disk and only
// then renamed: whoever reads `path`, even after a crash, finds the old file or the new one. Throws
// FileError.
void write_file(const std::string& path, std::string_view contents);
