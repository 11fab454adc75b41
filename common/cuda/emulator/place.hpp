// Where in a kernel's source something happens: "4_tensor_cores.cuh:58".
#pragma once
#include <source_location>
#include <string>

using Place = std::source_location;

std::string to_string(const Place& place);

// A number that remembers where it was written: `tile[i]` hands its own place to operator[].
struct PlacedIndex {
    long value;
    Place place;

    template <class Integer>
    PlacedIndex(Integer value_, Place place_ = Place::current())
        : value(static_cast<long>(value_)), place(place_) {}
};
