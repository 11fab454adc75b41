// What a JSON text consists of. One pass finds it and stores only the names.
#pragma once
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct JsonOutline {
    std::size_t parts = 0;             // values, names, and both ends of objects and lists
    std::vector<std::string> names;    // of the outermost object, in its order, each once
    std::optional<std::string> twice;  // a name that the outermost object has twice: JSON itself allows it
};

// Ends early, without an error, if the text is not JSON, and after `most` parts. The time is proportional to
// the text's length. nlohmann_json's own parser with a callback takes time proportional to the square of an
// object's length.
JsonOutline outline_of_json(std::string_view text,
                            std::size_t most = std::numeric_limits<std::size_t>::max());
