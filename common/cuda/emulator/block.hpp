// One block of CUDA threads, each a fiber, run one at a time in an order of our choice. What they do together
// (barriers, mma, shuffles) happens when the last of them arrives.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/cuda/emulator/emulator_options.hpp"
#include "common/cuda/emulator/fiber.hpp"
#include "common/cuda/emulator/kernel_error.hpp"
#include "common/cuda/emulator/place.hpp"
#include "common/cuda/emulator/shared_memory.hpp"
#include "common/cuda/emulator/traffic.hpp"
#include "common/cuda/emulator/warp_log.hpp"

struct Index3 {
    int x = 0, y = 0, z = 0;
};

class Block {
  public:
    struct Setup {
        Index3 block_index, grid_size;
        int threads = 0;
        std::size_t shared_bytes = 0;
        int watched_warp = -1;  // whose events go into `log`
        WarpLog* log = nullptr;
    };

    Block(Order order, std::uint64_t seed);

    // Runs `kernel` in every thread. Throws KernelError where the kernel breaks a rule.
    void run(const Setup& setup, const std::function<void()>& kernel);

    // The block whose thread is calling.
    static Block& current();
    [[nodiscard]] const Setup& setup() const { return setup_; }
    [[nodiscard]] int thread() const { return now_->index; }
    [[nodiscard]] int lane() const { return now_->index % 32; }
    KernelCounts& counts() { return counts_; }

    // __syncthreads and __syncwarp.
    void wait_for_block(const Place& place);
    void wait_for_warp(const Place& place);

    // What all 32 lanes of a warp do at once: each brings its arguments, the last one applies `instruction`
    // to those of all, then all go on. Orders no memory accesses, just as on a GPU.
    template <class Arguments, class Instruction>
    void together(const char* name, const Place& place, Arguments& mine, const Instruction& instruction) {
        if (!arrive_in_warp(name, place, &mine)) return;
        std::array<Arguments*, 32> lanes;
        for (std::size_t i = 0; i < 32; ++i) lanes[i] = static_cast<Arguments*>(now_warp().arguments[i]);
        instruction(lanes);
        leave_warp();
    }

    // Shared memory, with every access checked and counted.
    const SharedRegion& take_shared(const char* name, std::size_t first_byte, std::size_t count,
                                    std::size_t element_bytes, const Place& place);
    std::byte* shared_data() { return shared_.data(); }
    void touch_shared(Access access, const SharedRegion& region, std::size_t first, std::size_t bytes,
                      const Place& place);
    // The same for a whole row of 16 bytes that ldmatrix reads for others: checked, and counted by who calls.
    void check_shared_row(const SharedRegion& region, std::size_t first, const Place& place);
    void touch_global(Access access, std::uint64_t address, std::size_t bytes, const Place& place);

    // cp.async: nothing arrives before the thread has waited for it.
    void begin_copy(const SharedRegion& region, std::size_t first, const std::byte* source, bool is_valid,
                    const Place& place);
    void commit_copies(const Place& place);
    void wait_for_copies(std::size_t groups_allowed, const Place& place);

    // Whether somebody steps through the warp that is running, and what it is told. Called by the last lane
    // of something that the warp does together.
    [[nodiscard]] bool is_watched() const;
    void tell(WarpEvent event) { setup_.log->push_back(std::move(event)); }

  private:
    struct AsyncCopy {
        const SharedRegion* region;
        std::size_t first;
        const std::byte* source;
        bool is_valid;
        Place place;
    };
    struct Thread {
        Fiber fiber;
        int index = 0;
        std::size_t regions_taken = 0;
        std::vector<AsyncCopy> uncommitted;
        std::deque<std::vector<AsyncCopy>> groups;
        const char* waits_at = "";  // what, and where, while it sleeps
        Place place;
        bool waits_with_warp = false;
    };
    struct GivenUp {};  // thrown in threads that will not be needed, so that they give back what they hold
    struct Warp {
        std::array<void*, 32> arguments{};
        int arrived = 0;
        const char* doing = nullptr;
        Place place;
        int barriers = 0;
        WarpTraffic traffic;
    };

    Warp& now_warp() { return warps_[static_cast<std::size_t>(now_->index / 32)]; }
    [[nodiscard]] Toucher toucher(const Place& place);
    bool arrive_in_warp(const char* name, const Place& place, void* mine);
    void leave_warp();
    void flush(Warp& warp);
    void sleep(const char* waits_at, const Place& place, bool waits_with_warp);
    void wake(int thread);
    int next_ready();
    [[nodiscard]] std::exception_ptr who_waits_for_ever() const;
    void give_up_threads();

    Order order_;
    std::mt19937_64 random_;
    Setup setup_;
    KernelCounts counts_;
    SharedMemory shared_;
    std::vector<std::unique_ptr<Thread>> threads_;
    std::vector<Warp> warps_;
    std::vector<int> ready_;
    Thread* now_ = nullptr;
    int at_block_barrier_ = 0, block_barriers_ = 0;
    Place block_barrier_;  // where they wait
    bool is_given_up_ = false;
    std::exception_ptr error_;
};
