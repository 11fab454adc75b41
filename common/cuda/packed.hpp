// N numbers that are read or written at once.
#pragma once
#include <cstddef>

template <class T, std::size_t N>
struct alignas(sizeof(T) * N) Packed {
    T at[N];
};
