#include "common/cuda/emulator/block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace {

Block* running = nullptr;

std::string describe(Access access, const std::vector<LaneAccess>& lanes, const AccessCounts& cost) {
    const bool is_shared = access == Access::shared_read || access == Access::shared_write;
    const char* unit = is_shared ? "cycles at the banks" : "sectors of 32 bytes";
    return fmt::format("{} lanes, {} bytes each; {}: {}, at best {}", lanes.size(), lanes.front().bytes, unit,
                       cost.cost, cost.needed);
}

const char* instruction_of(Access access) {
    switch (access) {
        case Access::global_read:
            return "read global memory";
        case Access::global_write:
            return "write global memory";
        case Access::shared_read:
            return "read shared memory";
        case Access::shared_write:
            break;
    }
    return "write shared memory";
}

bool is_same_line(const Place& a, const Place& b) {
    return a.line() == b.line() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

}  // namespace

Block::Block(Order order, std::uint64_t seed) : order_(order), random_(seed) {}

Block& Block::current() {
    return *running;
}

// --- running the threads

void Block::run(const Setup& setup, const std::function<void()>& kernel) {
    setup_ = setup;
    shared_.reset(setup.shared_bytes);
    warps_.assign(static_cast<std::size_t>(setup.threads) / 32, {});
    at_block_barrier_ = block_barriers_ = 0;
    error_ = nullptr;
    ready_.clear();

    while (threads_.size() < static_cast<std::size_t>(setup.threads))
        threads_.push_back(std::make_unique<Thread>());
    for (int i = 0; i < setup.threads; ++i) {
        Thread& thread = *threads_[static_cast<std::size_t>(i)];
        thread.index = i;
        thread.regions_taken = 0;
        thread.uncommitted.clear();
        thread.groups.clear();
        thread.fiber.begin([this, &kernel] {
            try {
                if (!is_given_up_) kernel();
            } catch (const GivenUp&) {
            } catch (...) {
                error_ = std::current_exception();
            }
        });
        ready_.push_back(i);
    }

    // One thread at a time, each until it must wait for others.
    running = this;
    while (!ready_.empty() && !error_) {
        now_ = threads_[static_cast<std::size_t>(next_ready())].get();
        now_->fiber.resume();
    }
    if (!error_) error_ = who_waits_for_ever();
    give_up_threads();
    running = nullptr;
    if (error_) std::rethrow_exception(error_);
    for (Warp& warp : warps_) flush(warp);
}

int Block::next_ready() {
    auto next = ready_.begin();
    if (order_ == Order::reverse) next = std::max_element(ready_.begin(), ready_.end());
    if (order_ == Order::random) next += static_cast<long>(random_() % ready_.size());
    const int thread = *next;
    ready_.erase(next);
    return thread;
}

void Block::sleep(const char* waits_at, const Place& place, bool waits_with_warp) {
    now_->waits_at = waits_at;
    now_->place = place;
    now_->waits_with_warp = waits_with_warp;
    now_->fiber.pause();
    if (is_given_up_) throw GivenUp{};
}

void Block::wake(int thread) {
    ready_.push_back(thread);
}

// The first that waits, and why nobody wakes it: another that should have come has ended, or waits elsewhere.
std::exception_ptr Block::who_waits_for_ever() const {
    const auto all = std::span(threads_).first(static_cast<std::size_t>(setup_.threads));
    const auto waiting =
        std::find_if(all.begin(), all.end(), [](const auto& thread) { return !thread->fiber.is_finished(); });
    if (waiting == all.end()) return nullptr;

    const Thread& one = **waiting;
    const auto is_missing = [&](const auto& other) {
        if (one.waits_with_warp && other->index / 32 != one.index / 32) return false;
        return other->fiber.is_finished() || std::strcmp(other->waits_at, one.waits_at) != 0 ||
               !is_same_line(other->place, one.place);
    };
    const auto where = [](const Thread& thread) {
        return fmt::format("at {} ({})", thread.waits_at, to_string(thread.place));
    };
    const Thread& missing = **std::find_if(all.begin(), all.end(), is_missing);
    return std::make_exception_ptr(KernelError(
        fmt::format("thread {} waits for ever {}, while thread {} {}", one.index, where(one), missing.index,
                    missing.fiber.is_finished() ? "has ended without it" : "waits " + where(missing))));
}

void Block::give_up_threads() {
    is_given_up_ = true;
    for (const auto& thread : threads_) {
        now_ = thread.get();
        if (!thread->fiber.is_finished()) thread->fiber.resume();
    }
    is_given_up_ = false;
}

// --- meeting

void Block::wait_for_block(const Place& place) {
    if (at_block_barrier_ > 0 && !is_same_line(place, block_barrier_)) {
        throw KernelError(fmt::format(
            "{}: thread {} does __syncthreads, while others of its block wait at another ({}); all must "
            "come to the same",
            to_string(place), thread(), to_string(block_barrier_)));
    }
    block_barrier_ = place;
    if (++at_block_barrier_ < setup_.threads) return sleep("__syncthreads", place, false);
    at_block_barrier_ = 0;
    ++block_barriers_;
    ++counts_.block_barriers;
    for (Warp& warp : warps_) flush(warp);
    if (setup_.log) tell({"__syncthreads", place, "all threads of the block have come this far", {}});
    for (int i = 0; i < setup_.threads; ++i) {
        if (i != now_->index) wake(i);
    }
}

void Block::wait_for_warp(const Place& place) {
    int nothing = 0;
    together("__syncwarp", place, nothing, [&](const std::array<int*, 32>&) {
        ++now_warp().barriers;
        ++counts_.warp_barriers;
        if (is_watched())
            tell({"__syncwarp", place, "all 32 lanes have come this far; what they wrote can be read", {}});
    });
}

bool Block::arrive_in_warp(const char* name, const Place& place, void* mine) {
    Warp& warp = now_warp();
    if (warp.arrived > 0 && (std::strcmp(warp.doing, name) != 0 || !is_same_line(place, warp.place))) {
        throw KernelError(fmt::format(
            "{}: lane {} of warp {} does {}, while others of its warp wait at {} ({}); all 32 must "
            "take part in both",
            to_string(place), lane(), thread() / 32, name, warp.doing, to_string(warp.place)));
    }
    warp.doing = name;
    warp.place = place;
    warp.arguments[static_cast<std::size_t>(lane())] = mine;
    if (++warp.arrived == 32) {
        flush(warp);
        return true;
    }
    sleep(name, place, true);
    return false;
}

void Block::leave_warp() {
    now_warp().arrived = 0;
    const int first = thread() / 32 * 32;
    for (int i = first; i < first + 32; ++i) {
        if (i != thread()) wake(i);
    }
}

void Block::flush(Warp& warp) {
    WarpTraffic::Tell told;
    if (setup_.log && &warp == &warps_[static_cast<std::size_t>(setup_.watched_warp)]) {
        told = [this](const WarpTraffic::Request& request, const AccessCounts& cost) {
            if (!request.access) return tell({request.instruction, request.place, request.text, {}});
            tell({instruction_of(*request.access),
                  request.place,
                  describe(*request.access, request.lanes, cost),
                  {}});
        };
    }
    warp.traffic.flush(counts_, told);
}

bool Block::is_watched() const {
    return setup_.log && now_->index / 32 == setup_.watched_warp;
}

// --- memory

Toucher Block::toucher(const Place& place) {
    return {thread(), thread() / 32, block_barriers_, now_warp().barriers, place};
}

const SharedRegion& Block::take_shared(const char* name, std::size_t first_byte, std::size_t count,
                                       std::size_t element_bytes, const Place& place) {
    return shared_.take(now_->regions_taken++, {name, first_byte, count * element_bytes, element_bytes},
                        place);
}

void Block::touch_shared(Access access, const SharedRegion& region, std::size_t first, std::size_t bytes,
                         const Place& place) {
    if (access == Access::shared_read) {
        shared_.check_read(region, first, bytes, toucher(place));
    } else {
        shared_.check_write(region, first, bytes, toucher(place));
    }
    now_warp().traffic.add(access, place, {lane(), first, bytes});
}

void Block::check_shared_row(const SharedRegion& region, std::size_t first, const Place& place) {
    Toucher warp = toucher(place);
    warp.thread = Toucher::whole_warp;
    shared_.check_read(region, first, 16, warp);
}

void Block::touch_global(Access access, std::uint64_t address, std::size_t bytes, const Place& place) {
    now_warp().traffic.add(access, place, {lane(), address, bytes});
}

// --- cp.async

void Block::begin_copy(const SharedRegion& region, std::size_t first, const std::byte* source, bool is_valid,
                       const Place& place) {
    shared_.copy_begins(region, first, 16, toucher(place));
    now_->uncommitted.push_back({&region, first, source, is_valid, place});
    ++counts_.async_copies;
    now_warp().traffic.add(Access::shared_write, place, {lane(), first, 16});
}

void Block::commit_copies(const Place& place) {
    now_->groups.push_back(std::move(now_->uncommitted));
    now_->uncommitted.clear();
    if (!is_watched()) return;
    now_warp().traffic.remark(place, lane(), "cp.async.commit_group",
                              fmt::format("groups of copies under way: {}", now_->groups.size()));
}

void Block::wait_for_copies(std::size_t groups_allowed, const Place& place) {
    std::size_t arrived = 0;
    while (now_->groups.size() > groups_allowed) {
        for (const AsyncCopy& copy : now_->groups.front()) {
            if (copy.is_valid) {
                std::memcpy(shared_.data() + copy.first, copy.source, 16);
            } else {
                std::memset(shared_.data() + copy.first, 0, 16);
            }
            shared_.copy_arrives(*copy.region, copy.first, 16, toucher(copy.place));
        }
        now_->groups.pop_front();
        ++arrived;
    }
    if (!is_watched()) return;
    now_warp().traffic.remark(
        place, lane(), "cp.async.wait_group",
        fmt::format("groups of copies that have arrived: {}; may still be under way: {}", arrived,
                    groups_allowed));
}
