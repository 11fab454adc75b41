// Running a program as a reader would: with pipes, or on a terminal of a given width.
#pragma once
#include <string>
#include <vector>

struct Finished {
    int status = 0;      // exit status, or 128 + the signal that ended it
    std::string output;  // standard output
    std::string errors;  // standard error; on a terminal it is part of `output`
    long peak_mib = 0;   // the most memory that it, or a program that it ran, had at once
};

// `environment` is all there is: {"LANG=C.UTF-8"}. PATH is added, and ATTN_UNTIMED, so
// that a walk prints the same in each run.
Finished run_piped(const std::string& shell_command, const std::vector<std::string>& environment);
// `typed` is what a reader types there. 24 rows.
Finished run_on_terminal(const std::string& shell_command, const std::vector<std::string>& environment,
                         int columns, const std::string& typed = "");

// The executable of a chapter, quoted for the shell.
std::string program(int chapter);
// The same with GPU kernels, of a chapter that has some.
std::string program_on_device(int chapter);
// The same with chapter 10's engine, of a chapter that runs a reader's own layer.
std::string program_with_flash(int chapter);

// The folder name of a chapter: "03_causal_mask_and_dropout".
std::string folder(int chapter);

// The number of chapters: the folders in chapters/ that begin with a number.
int count_chapters();
inline const int chapter_count = count_chapters();
