// Writing a file whole or not at all. Every output of every program here goes through this one function.
#pragma once
#include <string>
#include <string_view>

// Writes `contents` to `path`, over what may be there. It is written beside it, brought to the disk and only
// then renamed: whoever reads `path`, even after a crash, finds the old file or the new one. A signal that
// ends the program meanwhile leaves the old file, and nothing beside it.
//
// A symbolic link stays, and the file behind it is replaced. The new file has the old one's permissions, and
// its owner where this user may give files away. Other hard links to the old file keep the old contents.
// "-" and /dev/stdout are standard output. Throws FileError; what is refused is said at output_target().
void write_file(const std::string& path, std::string_view contents);
