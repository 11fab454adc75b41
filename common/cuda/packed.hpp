// N numbers that are read or written at once.
#pragma once
#include <cstddef>

template <class T, int N>
struct alignas(sizeof(T) * static_cast<std::size_t>(N)) Packed {
    T at[static_cast<std::size_t>(N)];
};
