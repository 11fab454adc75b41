// The words of kernel_language.cuh in the emulator: each checks what it is given, counts what it costs, and
// does on the CPU what the GPU's instruction does.
#pragma once
#include <math.h>  // exp2f and others, not in std

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "common/cuda/bf16.hpp"
#include "common/cuda/emulator/block.hpp"
#include "common/cuda/emulator/global_memory.hpp"
#include "common/cuda/emulator/warp_instructions.hpp"
#include "common/cuda/packed.hpp"

#ifndef KERNEL_SIDE
#define KERNEL_SIDE emulated
#endif

using std::min;

// --- who am I

template <int (*read)()>
struct BuiltIn {
    operator int() const { return read(); }
};
inline int thread_x() {
    return Block::current().thread();
}
inline int block_x() {
    return Block::current().setup().block_index.x;
}
inline int block_y() {
    return Block::current().setup().block_index.y;
}
inline int block_z() {
    return Block::current().setup().block_index.z;
}
inline int threads_x() {
    return Block::current().setup().threads;
}
inline int blocks_x() {
    return Block::current().setup().grid_size.x;
}
inline int blocks_y() {
    return Block::current().setup().grid_size.y;
}
inline int blocks_z() {
    return Block::current().setup().grid_size.z;
}

struct ThreadIndex {
    BuiltIn<thread_x> x;
};
struct BlockIndex {
    BuiltIn<block_x> x;
    BuiltIn<block_y> y;
    BuiltIn<block_z> z;
};
struct BlockSize {
    BuiltIn<threads_x> x;
};
struct GridSize {
    BuiltIn<blocks_x> x;
    BuiltIn<blocks_y> y;
    BuiltIn<blocks_z> z;
};
inline constexpr ThreadIndex threadIdx{};
inline constexpr BlockIndex blockIdx{};
inline constexpr BlockSize blockDim{};
inline constexpr GridSize gridDim{};

// --- memory

// p[i] of memory that can be written: a number when it is read, and something to assign to.
template <class Pointer, class T>
class Element {
  public:
    Element(const Pointer& pointer, const PlacedIndex& index) : pointer_(pointer), index_(index) {}
    operator T() const { return pointer_.template read<T>(index_); }
    void operator=(const T& value) const { pointer_.write(index_, value); }
    void operator=(const Element& other) const { *this = static_cast<T>(other); }
    void operator+=(const T& value) const { *this = static_cast<T>(*this) + value; }

  private:
    Pointer pointer_;
    PlacedIndex index_;
};

// What Global and Shared have in common: p[i], which is a plain number where T is const, and p + n.
template <template <class> class Pointer, class T>
struct ReadsAndWrites {
    auto operator[](PlacedIndex index) const {
        const auto& self = static_cast<const Pointer<T>&>(*this);
        if constexpr (std::is_const_v<T>) {
            return self.template read<std::remove_const_t<T>>(index);
        } else {
            return Element<Pointer<T>, T>(self, index);
        }
    }
};

template <class T>
class Global : public ReadsAndWrites<Global, T> {
  public:
    explicit Global(GlobalMemory& memory, long offset = 0) : memory_(&memory), offset_(offset) {}
    operator Global<const T>() const { return Global<const T>(*memory_, offset_); }

    template <class Integer>
    Global operator+(Integer elements) const {
        return Global(*memory_, offset_ + static_cast<long>(elements));
    }
    template <class Value>
    Value read(const PlacedIndex& index) const {
        Value value;
        memory_->read(byte(index), sizeof value, &value, index.place);
        return value;
    }
    template <class Value>
    void write(const PlacedIndex& index, const Value& value) const {
        memory_->write(byte(index), sizeof value, &value, index.place);
    }
    // Unchecked, for what is no kernel.
    [[nodiscard]] T* content() const { return reinterpret_cast<T*>(memory_->content().data()) + offset_; }
    // Where 16 bytes for cp.async stand; checked but not read yet.
    [[nodiscard]] const std::byte* source_of_copy(const Place& place) const {
        return memory_->source_of_copy(byte({0, place}), place);
    }

  private:
    [[nodiscard]] long byte(const PlacedIndex& index) const {
        return (offset_ + index.value) * static_cast<long>(sizeof(T));
    }
    GlobalMemory* memory_;
    long offset_;
};

template <class T>
class Shared : public ReadsAndWrites<Shared, T> {
  public:
    explicit Shared(const SharedRegion& region, long offset = 0) : region_(&region), offset_(offset) {}
    operator Shared<const T>() const { return Shared<const T>(*region_, offset_); }

    template <class Integer>
    Shared operator+(Integer elements) const {
        return Shared(*region_, offset_ + static_cast<long>(elements));
    }
    template <class Value>
    Value read(const PlacedIndex& index) const {
        return read_shared<Value>(*region_, byte(index, sizeof(Value)), index.place);
    }
    template <class Value>
    void write(const PlacedIndex& index, const Value& value) const {
        write_shared(*region_, byte(index, sizeof value), value, index.place);
    }
    // The byte where 16 bytes in a row begin, as ldmatrix and cp.async address them.
    [[nodiscard]] std::size_t row_of_16(const Place& place) const { return byte({0, place}, 16); }
    [[nodiscard]] const SharedRegion& region() const { return *region_; }

  private:
    [[nodiscard]] std::size_t byte(const PlacedIndex& index, std::size_t bytes) const {
        return byte_in(*region_, (offset_ + index.value) * static_cast<long>(sizeof(T)), bytes, index.place);
    }
    const SharedRegion* region_;
    long offset_;
};

template <int N, class T>
Packed<std::remove_const_t<T>, N> read_packed(Global<T> from, PlacedIndex index) {
    return from.template read<Packed<std::remove_const_t<T>, N>>(index);
}
template <int N, class T>
void write_packed(Global<T> to, PlacedIndex index, const Packed<T, N>& numbers) {
    to.write(index, numbers);
}
template <int N, class T>
void write_packed(Shared<T> to, PlacedIndex index, const Packed<T, N>& numbers) {
    to.write(index, numbers);
}

class SharedArena {
  public:
    template <class T, class Integer>
    Shared<T> take(const char* name, Integer count, Place place = Place::current()) {
        const SharedRegion& region =
            Block::current().take_shared(name, taken_, static_cast<std::size_t>(count), sizeof(T), place);
        taken_ = (region.first_byte + region.bytes + 15) / 16 * 16;
        return Shared<T>(region);
    }
    void start_over() { taken_ = 0; }

  private:
    std::size_t taken_ = 0;
};

// --- waiting

inline void __syncthreads(Place place = Place::current()) {
    Block::current().wait_for_block(place);
}
inline void __syncwarp(Place place = Place::current()) {
    Block::current().wait_for_warp(place);
}

inline void cp_async(Shared<bf16> to, Global<const bf16> from, bool is_valid,
                     Place place = Place::current()) {
    const std::byte* source = is_valid ? from.source_of_copy(place) : nullptr;
    Block::current().begin_copy(to.region(), to.row_of_16(place), source, is_valid, place);
}
inline void cp_async_commit(Place place = Place::current()) {
    Block::current().commit_copies(place);
}
template <int groups_allowed>
void cp_async_wait(Place place = Place::current()) {
    Block::current().wait_for_copies(groups_allowed, place);
}

// --- what a warp does together

inline float shuffle_xor(float value, int mask, Place place = Place::current()) {
    return exchange_values(value, mask, place);
}
inline void ldmatrix_x4(std::uint32_t (&r)[4], Shared<const bf16> row, Place place = Place::current()) {
    load_matrices(r, row.region(), row.row_of_16(place), false, place);
}
inline void ldmatrix_x4_transposed(std::uint32_t (&r)[4], Shared<const bf16> row,
                                   Place place = Place::current()) {
    load_matrices(r, row.region(), row.row_of_16(place), true, place);
}
inline void mma_m16n8k16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                         Place place = Place::current()) {
    multiply_matrices(c, a, b, place);
}
inline std::uint32_t pack_bf16(float low, float high) {
    return static_cast<std::uint32_t>(to_bf16(low).bits) | static_cast<std::uint32_t>(to_bf16(high).bits)
                                                               << 16;
}
