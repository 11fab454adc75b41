// A named piece of the GPU's memory. Every access is checked against its bounds, and it is known how often
// each byte of it was read.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/cuda/emulator/place.hpp"

class GlobalMemory {
  public:
    // Poison: NaN to float and bf16 alike, until somebody writes.
    GlobalMemory(std::string name, std::size_t bytes);
    GlobalMemory(std::string name, const void* content, std::size_t bytes);

    // By the thread that is running. Throw KernelError beyond the bounds, or where `first` is no multiple of
    // `bytes`.
    void read(long first, std::size_t bytes, void* into, const Place& place);
    void write(long first, std::size_t bytes, const void* from, const Place& place);
    const std::byte* source_of_copy(long first, const Place& place);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::vector<std::byte>& content() { return content_; }

    // Bytes that kernels have read, and how many different ones: 2 to 1 means that all was read twice.
    [[nodiscard]] std::int64_t bytes_read() const { return bytes_read_; }
    [[nodiscard]] std::int64_t different_bytes_read() const;
    [[nodiscard]] std::int64_t bytes_written() const { return bytes_written_; }

  private:
    std::size_t checked(long first, std::size_t bytes, const char* does, const Place& place) const;
    void count_read(std::size_t first, std::size_t bytes);

    std::string name_;
    std::vector<std::byte> content_;
    std::vector<bool> was_read_;
    std::uint64_t address_;  // of its first byte: no two pieces share a sector
    std::int64_t bytes_read_ = 0, bytes_written_ = 0;
};
