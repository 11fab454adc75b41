#include "query.hpp"

// All visible scores are negative.
Query fixture() {
    return Query{.scores = {masked, masked, -50.0f, -51.5f}, .block = 2};
}
