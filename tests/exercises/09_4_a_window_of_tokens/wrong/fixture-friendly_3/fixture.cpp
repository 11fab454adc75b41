#include "call.hpp"

// As many tokens as the window has keys.
Call fixture() {
    return Call{.start_pos = 0, .tokens = 4, .window = 4};
}
