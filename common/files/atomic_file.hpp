// Writing a file whole or not at all. Every output of every program here goes through this one function.
#pragma once
#include <string>
#include <string_view>

// Writes `contents` to `path`, over a file that may be there. It writes a new file beside the old one, syncs
// it to the disk, and then renames it. So `path` is the old file or the complete new one, even after a crash.
// A signal that ends the program leaves the old file, and no other.
//
// A symbolic link stays, and the file behind it is replaced. The new file has the old file's permissions, and
// its owner if this user may set the owner. Another hard link to the old file keeps the old contents. "-" and
// /dev/stdout are standard output. Throws FileError; output_target() says what is refused.
void write_file(const std::string& path, std::string_view contents);
