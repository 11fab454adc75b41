#include "common/cuda/emulator/global_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "common/cuda/emulator/block.hpp"

namespace {

// As cudaMalloc does: each piece begins at a multiple of 256.
std::uint64_t next_address(std::size_t bytes) {
    static std::uint64_t next = 256;
    const std::uint64_t address = next;
    next += (bytes + 255) / 256 * 256;
    return address;
}

}  // namespace

GlobalMemory::GlobalMemory(std::string name, std::size_t bytes)
    : name_(std::move(name)),
      content_(bytes, std::byte{0xff}),
      was_read_(bytes),
      address_(next_address(bytes)) {}

GlobalMemory::GlobalMemory(std::string name, const void* content, std::size_t bytes)
    : GlobalMemory(std::move(name), bytes) {
    if (bytes > 0) std::memcpy(content_.data(), content, bytes);
}

std::size_t GlobalMemory::checked(long first, std::size_t bytes, const char* does, const Place& place) const {
    const auto size = static_cast<long>(content_.size());
    if (first < 0 || first + static_cast<long>(bytes) > size) {
        throw KernelError(fmt::format("{}: thread {} {} bytes {} to {} of {}, which has {}", to_string(place),
                                      Block::current().thread(), does, first,
                                      first + static_cast<long>(bytes) - 1, name_, size));
    }
    if (first % static_cast<long>(bytes) != 0) {
        throw KernelError(
            fmt::format("{}: thread {} {} {} bytes of {} at byte {}, which is no multiple of {}",
                        to_string(place), Block::current().thread(), does, bytes, name_, first, bytes));
    }
    return static_cast<std::size_t>(first);
}

void GlobalMemory::count_read(std::size_t first, std::size_t bytes) {
    bytes_read_ += static_cast<std::int64_t>(bytes);
    std::fill_n(was_read_.begin() + static_cast<long>(first), bytes, true);
}

void GlobalMemory::read(long first, std::size_t bytes, void* into, const Place& place) {
    const std::size_t begin = checked(first, bytes, "reads", place);
    std::memcpy(into, content_.data() + begin, bytes);
    count_read(begin, bytes);
    Block::current().touch_global(Access::global_read, address_ + begin, bytes, place);
}

void GlobalMemory::write(long first, std::size_t bytes, const void* from, const Place& place) {
    const std::size_t begin = checked(first, bytes, "writes", place);
    std::memcpy(content_.data() + begin, from, bytes);
    bytes_written_ += static_cast<std::int64_t>(bytes);
    Block::current().touch_global(Access::global_write, address_ + begin, bytes, place);
}

const std::byte* GlobalMemory::source_of_copy(long first, const Place& place) {
    const std::size_t begin = checked(first, 16, "copies", place);
    count_read(begin, 16);
    Block::current().touch_global(Access::global_read, address_ + begin, 16, place);
    return content_.data() + begin;
}

std::int64_t GlobalMemory::different_bytes_read() const {
    return std::count(was_read_.begin(), was_read_.end(), true);
}
