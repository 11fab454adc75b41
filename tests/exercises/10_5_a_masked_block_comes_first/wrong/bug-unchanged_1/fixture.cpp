#include "query.hpp"

// The visible scores are so far below 0 that exp(score - 0) is 0.
Query fixture() {
    return Query{.scores = {masked, masked, -120.0f, -121.5f}, .block = 2};
}
