// N numbers that one instruction reads or writes.
#pragma once
#include <cstddef>

template <class T, int N>
struct alignas(sizeof(T) * static_cast<std::size_t>(N)) Packed {
    T at[static_cast<std::size_t>(N)];
};
