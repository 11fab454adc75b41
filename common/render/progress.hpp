// One line that says what the program is doing, for work that takes over a second.
#pragma once
#include <string>

// Writes the line to standard error if that is a terminal. The next line, or the destructor, erases it.
class Progress {
  public:
    explicit Progress(const std::string& what);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
};
