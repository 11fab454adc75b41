#include <vector>

// Two real tokens and one padding token: the bug lets all of them see the padding alone.
std::vector<bool> fixture() {
    return {false, false, true};
}
