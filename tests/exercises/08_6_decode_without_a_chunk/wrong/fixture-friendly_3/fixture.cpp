#include "call.hpp"

// One token in the second chunk.
Call fixture() {
    return Call{.start_pos = 5, .tokens = 2, .chunk = 4};
}
