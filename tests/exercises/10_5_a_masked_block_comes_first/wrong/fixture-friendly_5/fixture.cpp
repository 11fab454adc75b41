#include "query.hpp"

// The masked block comes last.
Query fixture() {
    return Query{.scores = {-120.0f, -121.5f, masked, masked}, .block = 2};
}
