#include "call.hpp"

// The query at position 3 has one key too many before it.
Call fixture() {
    return Call{.start_pos = 0, .tokens = 4, .window = 3};
}
