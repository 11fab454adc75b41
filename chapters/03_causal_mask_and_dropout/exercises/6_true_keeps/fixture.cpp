#include <vector>

#include "common/exercise/missing.hpp"

// Which tokens of a sentence are padding: {false, true} is one real token and one padding token. The check
// draws queries, keys and values for as many tokens.
std::vector<bool> fixture() {
    throw exercise::Missing(
        "return the padding of a sentence that the bug treats in another way than the repair");
}
