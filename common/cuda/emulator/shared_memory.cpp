#include "common/cuda/emulator/shared_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/cuda/emulator/kernel_error.hpp"

namespace {

constexpr std::size_t cell_bytes = 2;
constexpr std::size_t most_regions = 32;  // so that regions stay where they are

bool are_ordered(const Toucher& earlier, const Toucher& later) {
    if (earlier.block_barriers != later.block_barriers || earlier.thread == later.thread) return true;
    return earlier.warp == later.warp && earlier.warp_barriers != later.warp_barriers;
}

std::string name_of(const Toucher& who) {
    if (who.thread == Toucher::whole_warp) return fmt::format("warp {}", who.warp);
    return fmt::format("thread {} (warp {}, lane {})", who.thread, who.warp, who.thread % 32);
}

std::string missing_barrier(const Toucher& earlier, const Toucher& later) {
    return earlier.warp == later.warp ? "neither __syncwarp nor __syncthreads stands between"
                                      : "no __syncthreads stands between";
}

}  // namespace

std::string to_string(const Place& place) {
    const std::string path = place.file_name();
    return fmt::format("{}:{}", path.substr(path.find_last_of('/') + 1), place.line());
}

void SharedMemory::reset(std::size_t bytes) {
    memory_.assign(bytes, std::byte{0xff});
    cells_.assign((bytes + cell_bytes - 1) / cell_bytes, {});
    regions_.clear();
    regions_.reserve(most_regions);
}

const SharedRegion& SharedMemory::take(std::size_t nth, const SharedRegion& asked, const Place& place) {
    if (nth < regions_.size()) {
        const SharedRegion& region = regions_[nth];
        if (region.name == asked.name && region.first_byte == asked.first_byte && region.bytes == asked.bytes)
            return region;
        throw KernelError(
            fmt::format("{}: one thread takes {} ({} bytes), another {} ({} bytes); all must take the same",
                        to_string(place), region.name, region.bytes, asked.name, asked.bytes));
    }
    if (asked.first_byte + asked.bytes > memory_.size()) {
        throw KernelError(fmt::format("{}: {} ends at byte {} of shared memory, and the launch asked for {}",
                                      to_string(place), asked.name, asked.first_byte + asked.bytes,
                                      memory_.size()));
    }
    if (regions_.size() == most_regions) {
        throw KernelError(
            fmt::format("{}: more than {} pieces of shared memory", to_string(place), most_regions));
    }
    regions_.push_back(asked);
    return regions_.back();
}

void SharedMemory::fail(const SharedRegion& region, std::size_t byte, const char* does, const Toucher& who,
                        const std::string& why) const {
    throw KernelError(fmt::format("{}: {} {} {}[{}], {}", to_string(who.place), name_of(who), does,
                                  region.name, (byte - region.first_byte) / region.element_bytes, why));
}

void SharedMemory::check_read(const SharedRegion& region, std::size_t first, std::size_t bytes,
                              const Toucher& who) {
    for (std::size_t byte = first; byte < first + bytes; byte += cell_bytes) {
        Cell& cell = cells_[byte / cell_bytes];
        const Toucher& writer = cell.writer;
        if (cell.copy_under_way) {
            fail(region, byte, "reads", who,
                 fmt::format(
                     "where the cp.async of {} ({}) is still under way: its cp.async.wait is missing or "
                     "allows too many groups",
                     name_of(writer), to_string(writer.place)));
        }
        if (cell.written_as != &region) fail(region, byte, "reads", who, "which nobody has written");
        if (!are_ordered(writer, who)) {
            fail(region, byte, "reads", who,
                 fmt::format("which {} has written ({}), and {}", name_of(writer), to_string(writer.place),
                             missing_barrier(writer, who)));
        }

        // Of the readers since the last barrier the last is remembered, and one more, of another warp if
        // there is one.
        const Toucher& reader = cell.reader;
        if (reader.thread == Toucher::nobody || reader.block_barriers != who.block_barriers) {
            cell.read_by_threads = cell.read_by_warps = false;
        } else if (reader.warp != who.warp) {
            cell.read_by_warps = true;
            cell.other_reader = reader;
        } else if (reader.warp_barriers != who.warp_barriers) {
            cell.read_by_threads = false;
        } else if (reader.thread != who.thread) {
            cell.read_by_threads = true;
            if (!cell.read_by_warps) cell.other_reader = reader;
        }
        cell.reader = who;
    }
}

// A write must be ordered after the write before it and after all reads since.
void SharedMemory::forbid_unordered_write(const SharedRegion& region, std::size_t byte, const char* does,
                                          const Toucher& who) const {
    const Cell& cell = cells_[byte / cell_bytes];
    const Toucher &writer = cell.writer, &reader = cell.reader;
    if (cell.copy_under_way) {
        fail(region, byte, does, who,
             fmt::format("where the cp.async of {} ({}) is still under way", name_of(writer),
                         to_string(writer.place)));
    }
    if (writer.thread != Toucher::nobody && !are_ordered(writer, who)) {
        fail(region, byte, does, who,
             fmt::format("which {} has written too ({}), and {}", name_of(writer), to_string(writer.place),
                         missing_barrier(writer, who)));
    }
    if (reader.thread == Toucher::nobody || reader.block_barriers != who.block_barriers) return;
    const bool others_read = cell.read_by_warps || (reader.warp == who.warp && cell.read_by_threads &&
                                                    reader.warp_barriers == who.warp_barriers);
    if (others_read || !are_ordered(reader, who)) {
        const Toucher& unordered = are_ordered(reader, who) ? cell.other_reader : reader;
        fail(region, byte, does, who,
             fmt::format("which {} may still be reading ({}), and {}", name_of(unordered),
                         to_string(unordered.place), missing_barrier(unordered, who)));
    }
}

// Of what was there before nothing needs to be remembered: it is ordered before this.
SharedMemory::Cell SharedMemory::written(const SharedRegion& region, const Toucher& who,
                                         bool copy_under_way) {
    Cell cell;
    cell.writer = who;
    cell.written_as = &region;
    cell.copy_under_way = copy_under_way;
    return cell;
}

void SharedMemory::check_write(const SharedRegion& region, std::size_t first, std::size_t bytes,
                               const Toucher& who) {
    for (std::size_t byte = first; byte < first + bytes; byte += cell_bytes) {
        forbid_unordered_write(region, byte, "writes", who);
        cells_[byte / cell_bytes] = written(region, who, false);
    }
}

void SharedMemory::copy_begins(const SharedRegion& region, std::size_t first, std::size_t bytes,
                               const Toucher& who) {
    for (std::size_t byte = first; byte < first + bytes; byte += cell_bytes) {
        forbid_unordered_write(region, byte, "copies into", who);
        cells_[byte / cell_bytes] = written(region, who, true);
    }
}

void SharedMemory::copy_arrives(const SharedRegion& region, std::size_t first, std::size_t bytes,
                                const Toucher& who) {
    for (std::size_t byte = first; byte < first + bytes; byte += cell_bytes)
        cells_[byte / cell_bytes] = written(region, who, false);
}
