#include "common/exercise/missing.hpp"
#include "query.hpp"

// A query on which the bug shows, of at most 100 keys; the check makes values for them:
//     return Query{.scores = {masked, masked, 1.5f, -2.0f}, .block = 2};
Query fixture() {
    throw exercise::Missing("return a query on which the bug gives another context vector than the repair");
}
