// The shape of a launch: blocks in three directions, threads and bytes of shared memory of each block.
#pragma once
#include <cstddef>

struct Grid {
    int x = 1, y = 1, z = 1;
    int threads = 32;
    std::size_t shared_bytes = 0;
};

// c (m, n) = a (m, k) b (k, n) + beta c, for each of a batch. Rows of a matrix stand `..._row` elements
// apart, matrices of the batch `..._batch`; a b that is transposed stands as (n, k).
struct Product {
    int m, n, k;
    int batch = 1;
    long a_row, a_batch;
    long b_row, b_batch;
    bool b_is_transposed;
    long c_row, c_batch;
    float beta = 0;
};
