// All bugs of the gallery, and the ones that it leaves out.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bug/bug.hpp"

namespace bug {

struct Entry {
    int number;
    std::string_view chapter;   // the folder: "05_grouped_query_attention"
    std::string_view file;      // its name in that chapter's folder bugs/
    std::string_view source;    // the text of that file, as it was compiled
    std::function<Bug()> tell;  // computes both fixtures
};

// By number. cmake/Bugs.cmake generates this function from the files chapters/NN_name/bugs/*.cpp.
const std::vector<Entry>& gallery();

// A published bug that has no file, and the reason.
struct LeftOut {
    int number;
    std::string title, thread, reason;
};
const std::vector<LeftOut>& left_out();

}  // namespace bug
