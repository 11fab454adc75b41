// Somebody else's memory as a kernel takes it. On a GPU the pointer is enough. The emulator works on a copy,
// so that it knows where the memory ends, and then writes back what the kernel may have written.
#pragma once
#include <cstddef>
#include <cstring>

#ifdef __CUDACC__
#include "common/cuda/gpu/cuda_machine.cuh"

template <class T>
class Borrowed {
  public:
    Borrowed(const char*, T* memory, std::size_t) : memory_(memory) {}
    operator T*() const { return memory_; }

  private:
    T* memory_;
};

#else
#include "common/cuda/emulator/emulated_machine.hpp"

template <class T>
class Borrowed {
  public:
    Borrowed(const char* name, T* memory, std::size_t elements)
        : lent_(memory), copy_(name, memory, elements * sizeof(T)) {}
    ~Borrowed() {
        if constexpr (!std::is_const_v<T>) std::memcpy(lent_, copy_.content().data(), copy_.content().size());
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    operator Global<T>() { return Global<T>(copy_); }

  private:
    T* lent_;
    GlobalMemory copy_;
};
#endif
