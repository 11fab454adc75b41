// The functions of kernel_language.cuh on a GPU, from compute capability 8.0 (Ampere) on.
#pragma once
#include <cstdint>

#ifndef KERNEL_SIDE
#define KERNEL_SIDE on_gpu
#endif

// Only the emulator needs the place in the source; on a GPU it is empty.
struct Place {
    __host__ __device__ static constexpr Place current() { return {}; }
};

// restrict: a kernel never writes through one pointer what it reads through another.
template <class T>
using Global = T* __restrict__;
template <class T>
using Shared = T*;

template <int N, class T>
__device__ inline Packed<T, N> read_packed(const T* from, long index) {
    return *reinterpret_cast<const Packed<T, N>*>(from + index);
}
template <int N, class T>
__device__ inline void write_packed(T* to, long index, const Packed<T, N>& numbers) {
    *reinterpret_cast<Packed<T, N>*>(to + index) = numbers;
}

class SharedArena {
  public:
    template <class T>
    __device__ Shared<T> take(const char*, long count) {
        extern __shared__ __align__(128) unsigned char memory[];
        T* piece = reinterpret_cast<T*>(memory + taken_);
        taken_ += (count * sizeof(T) + 15) / 16 * 16;
        return piece;
    }
    __device__ void start_over() { taken_ = 0; }

  private:
    long taken_ = 0;
};

__device__ inline unsigned shared_address(const void* pointer) {
    return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

__device__ inline float shuffle_xor(float value, int mask, Place = {}) {
    return __shfl_xor_sync(0xffffffffu, value, mask);
}

__device__ inline void cp_async(bf16* to, const bf16* from, bool is_valid) {
    const int bytes = is_valid ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
                 "r"(bytes)
                 : "memory");
}
__device__ inline void cp_async_commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int groups_allowed>
__device__ inline void cp_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(groups_allowed) : "memory");
}

__device__ inline void ldmatrix_x4(std::uint32_t (&r)[4], const bf16* row, Place = {}) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}
__device__ inline void ldmatrix_x4_transposed(std::uint32_t (&r)[4], const bf16* row, Place = {}) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ inline void mma_m16n8k16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                                    Place = {}) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline std::uint32_t pack_bf16(float low, float high) {
    std::uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}
