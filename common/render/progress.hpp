// What a program is busy with, where it takes longer than a moment.
#pragma once
#include <string>

// A line on standard error, on a terminal only. It disappears when the next one comes, or with this object.
class Progress {
  public:
    explicit Progress(const std::string& what);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
};
