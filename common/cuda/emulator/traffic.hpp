// What a warp's accesses cost. A GPU serves the 32 threads of a warp together: global memory in sectors of 32
// bytes, shared memory from 32 banks of 4 bytes. Threads here run one after the other, so the accesses that
// belong together are found by where in the source they stand and how often each thread has been there.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/cuda/emulator/place.hpp"
#include "common/cuda/kernel_counts.hpp"

enum class Access { global_read, global_write, shared_read, shared_write };

// What one lane does: `bytes` at `address`.
struct LaneAccess {
    int lane;
    std::uint64_t address;
    std::size_t bytes;
};

// One request of a warp.
AccessCounts cost_of(Access access, const std::vector<LaneAccess>& lanes);

// The requests of a warp that are being put together.
class WarpTraffic {
  public:
    void add(Access access, const Place& place, const LaneAccess& lane);

    // Adds up what has come together; called where all lanes have met. `tell` hears of every request.
    using Tell =
        std::function<void(Access, const Place&, const std::vector<LaneAccess>&, const AccessCounts&)>;
    void flush(KernelCounts& counts, const Tell& tell);
    [[nodiscard]] std::size_t requests() const { return requests_.size(); }

  private:
    struct Request {
        Access access;
        Place place;
        std::vector<LaneAccess> lanes;
    };
    struct Key {
        const char* file;
        std::uint32_t line, column;
        Access access;
        auto operator<=>(const Key&) const = default;
    };
    // At each place: its requests in order, and how many of them each lane has been part of.
    struct AtPlace {
        std::vector<std::size_t> requests;
        std::vector<std::size_t> seen = std::vector<std::size_t>(32, 0);
    };
    std::map<Key, AtPlace> places_;
    std::vector<Request> requests_;
};
