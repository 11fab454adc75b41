#include "common/cuda/emulator/traffic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace {

constexpr std::uint64_t sector_bytes = 32, bank_bytes = 4, banks = 32;

bool is_global(Access access) {
    return access == Access::global_read || access == Access::global_write;
}

// Sweeps over the bytes in order of their addresses.
AccessCounts global_cost(std::vector<LaneAccess> lanes) {
    std::sort(lanes.begin(), lanes.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
    std::uint64_t bytes = 0, sectors = 0, next_byte = 0, next_sector = 0;
    for (const LaneAccess& lane : lanes) {
        const std::uint64_t end = lane.address + lane.bytes;
        if (end <= next_byte) continue;
        const std::uint64_t first = std::max(lane.address, next_byte);
        const std::uint64_t first_sector = std::max(first / sector_bytes, next_sector);
        bytes += end - first;
        next_byte = end;
        next_sector = (end - 1) / sector_bytes + 1;
        sectors += next_sector - std::min(first_sector, next_sector);
    }
    return {1, static_cast<std::int64_t>(sectors),
            static_cast<std::int64_t>((bytes + sector_bytes - 1) / sector_bytes)};
}

// 32 banks serve 128 bytes a cycle: lanes with 16 bytes each come eight at a time, with 8 sixteen at a time.
// Two words of one bank take two cycles; the same word for several lanes takes one.
AccessCounts shared_cost(const std::vector<LaneAccess>& lanes) {
    AccessCounts counts{1, 0, 0};
    const std::size_t widest = std::max_element(lanes.begin(), lanes.end(), [](const auto& a, const auto& b) {
                                   return a.bytes < b.bytes;
                               })->bytes;
    const int lanes_a_cycle =
        static_cast<int>(banks * bank_bytes / std::max<std::size_t>(widest, bank_bytes));
    for (int first = 0; first < 32; first += lanes_a_cycle) {
        std::vector<std::uint64_t> words;
        for (const LaneAccess& lane : lanes) {
            if (lane.lane < first || lane.lane >= first + lanes_a_cycle) continue;
            for (std::uint64_t word = lane.address / bank_bytes;
                 word * bank_bytes < lane.address + lane.bytes; ++word) {
                words.push_back(word);
            }
        }
        if (words.empty()) continue;
        std::sort(words.begin(), words.end());
        words.erase(std::unique(words.begin(), words.end()), words.end());
        std::array<std::int64_t, banks> words_of_bank{};
        for (const std::uint64_t word : words) ++words_of_bank[word % banks];
        counts.cost += *std::max_element(words_of_bank.begin(), words_of_bank.end());
        counts.needed += 1;
    }
    return counts;
}

const char* name_of(Access access) {
    switch (access) {
        case Access::global_read:
            return "global read";
        case Access::global_write:
            return "global write";
        case Access::shared_read:
            return "shared read";
        case Access::shared_write:
            return "shared write";
    }
    return "";
}

AccessCounts& counts_of(KernelCounts& counts, Access access) {
    switch (access) {
        case Access::global_read:
            return counts.global_reads;
        case Access::global_write:
            return counts.global_writes;
        case Access::shared_read:
            return counts.shared_reads;
        case Access::shared_write:
            break;
    }
    return counts.shared_writes;
}

}  // namespace

AccessCounts cost_of(Access access, const std::vector<LaneAccess>& lanes) {
    return is_global(access) ? global_cost(lanes) : shared_cost(lanes);
}

// The request that this lane's access at this place is part of: its first there is part of the first, and so
// on.
WarpTraffic::Request& WarpTraffic::join(const std::optional<Access>& access, const Place& place, int lane) {
    AtPlace& here = places_[{place.file_name(), place.line(), place.column(), access}];
    const std::size_t nth = here.seen[static_cast<std::size_t>(lane)]++;
    if (nth == here.requests.size()) {
        here.requests.push_back(requests_.size());
        requests_.push_back({access, place, {}, "", ""});
    }
    return requests_[here.requests[nth]];
}

void WarpTraffic::add(Access access, const Place& place, const LaneAccess& lane) {
    join(access, place, lane.lane).lanes.push_back(lane);
}

void WarpTraffic::remark(const Place& place, int lane, const std::string& instruction,
                         const std::string& text) {
    Request& request = join(std::nullopt, place, lane);
    request.instruction = instruction;
    request.text = text;
}

void WarpTraffic::flush(KernelCounts& counts, const Tell& tell) {
    for (const Request& request : requests_) {
        AccessCounts cost;
        if (request.access) {
            cost = cost_of(*request.access, request.lanes);
            counts_of(counts, *request.access) += cost;
            counts.by_place[fmt::format("{} {}", to_string(request.place), name_of(*request.access))] += cost;
        }
        if (tell) tell(request, cost);
    }
    requests_.clear();
    places_.clear();
}
