// The shape of a launch: blocks in three directions, and the threads and shared memory in bytes per block.
#pragma once
#include <cstddef>

struct Grid {
    int x = 1, y = 1, z = 1;
    int threads = 32;
    std::size_t shared_bytes = 0;
};

// c (m, n) = a (m, k) b (k, n) + beta c, for each matrix of a batch. `..._row` is the stride between rows in
// elements, `..._batch` the stride between matrices of the batch. A transposed b is stored as (n, k).
struct Product {
    int m, n, k;
    int batch = 1;
    long a_row, a_batch;
    long b_row, b_batch;
    bool b_is_transposed;
    long c_row, c_batch;
    float beta = 0;
};
