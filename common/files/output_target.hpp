// Where an output goes, and what it must not replace.
#pragma once
#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

// "-" and /dev/stdout name standard output.
bool is_standard_output(const std::string& path);

// The file that an output replaces or creates.
struct OutputTarget {
    std::string path;                // behind all symbolic links; the file need not exist
    std::optional<struct stat> old;  // the file that is there now
};

// Throws FileError if `path` leads to a device, a folder, a pipe or a socket; to a file without permission to
// write (mode 400 is refused for root too); in a circle of links; or into a folder that does not exist.
OutputTarget output_target(const std::string& path);

// A file on the command line and the option that names it: {"--html", "page.html"}.
struct NamedFile {
    std::string option, path;
};

// Call this before anything is computed. Throws FileError if an output cannot be written (see above), if it
// is also an input, or if two outputs are the same file. Two paths are the same file if device and inode are
// the same, so links and "./" make no difference.
void check_outputs(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);
