#include "call.hpp"

// One token in the second chunk.
Call fixture() {
    return Call{.start_pos = 3, .tokens = 1, .chunk = 4};
}
