// Where an output goes: what may be written over, and what may not.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

// "-" and /dev/stdout name standard output.
bool is_standard_output(const std::string& path);

// The file that an output replaces or creates.
struct OutputTarget {
    std::string path;               // behind all symbolic links; a link that leads nowhere yet names a new file
    std::optional<struct stat> old;  // the file that is there now
};

// Throws FileError where `path` leads to something that is no plain file (a device, a folder, a pipe, a
// socket), to a file without permission to write (mode 400, even for root), in a circle of links, or into a
// folder that is not there.
OutputTarget output_target(const std::string& path);

// A file on the command line and the option that names it: {"--html", "page.html"}.
struct NamedFile {
    std::string option, path;
};

// To be called before anything is computed. Throws FileError where an output cannot be written as said above,
// would replace one of the inputs, or is the same as another output. Two paths are the same file if device and
// inode are the same, so that links and "./" make no difference.
void check_outputs(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);
