#include "chapters/09_every_model/reach.hpp"

#include "chapters/09_every_model/mask.hpp"

namespace ch9 {

std::size_t earliest_reached(const std::vector<Mask>& layers, std::size_t query) {
    // From the last layer down: each layer reads what the earliest token of the layer above has seen.
    std::size_t earliest = query;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        earliest = first_visible(*layer, earliest);
    }
    return earliest;
}

}  // namespace ch9
