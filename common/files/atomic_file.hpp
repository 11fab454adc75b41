// Writes a file completely or not at all. Every program here writes every output file with this function.
#pragma once
#include <string>
#include <string_view>

// Writes `contents` to `path` and replaces an existing file. It writes a new file in the same folder, syncs
// it to the disk, and then renames it. So `path` is the old file or the complete new one, even after a crash.
// A signal that ends the program leaves the old file and no temporary file.
//
// A symbolic link stays, and the file behind it is replaced. The new file has the old file's permissions, and
// its owner if this user may set the owner. Another hard link to the old file keeps the old contents. "-" and
// /dev/stdout mean standard output. Throws FileError; output_target() lists the paths that are refused.
void write_file(const std::string& path, std::string_view contents);
