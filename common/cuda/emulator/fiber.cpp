#include "common/cuda/emulator/fiber.hpp"

#ifdef ATTN_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace {

constexpr std::size_t stack_bytes = std::size_t{256} * 1024;

// makecontext hands over integers only, so the fiber to enter waits here.
Fiber* entering = nullptr;

}  // namespace

Fiber::Fiber() : stack_(std::make_unique_for_overwrite<std::byte[]>(stack_bytes)) {}

Fiber::~Fiber() {
#ifdef ATTN_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(stack_.get(), stack_bytes);
#endif
}

void Fiber::begin(std::function<void()> body) {
    body_ = std::move(body);
    finished_ = false;
#ifdef ATTN_ADDRESS_SANITIZER
    fake_stack_ = nullptr;
    // The functions that the last body ended in did not return, and have left their marks on the stack.
    __asan_unpoison_memory_region(stack_.get(), stack_bytes);
#endif
    getcontext(&inside_);
    inside_.uc_stack.ss_sp = stack_.get();
    inside_.uc_stack.ss_size = stack_bytes;
    inside_.uc_link = nullptr;
    makecontext(&inside_, &Fiber::enter, 0);
}

void Fiber::enter() {
    Fiber& self = *entering;
#ifdef ATTN_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(nullptr, &self.outside_stack_, &self.outside_stack_size_);
#endif
    self.body_();
    self.finished_ = true;
    self.switch_context(self.inside_, self.outside_, false);
}

void Fiber::resume() {
    entering = this;
    switch_context(outside_, inside_, true);
}

void Fiber::pause() {
    switch_context(inside_, outside_, false);
}

void Fiber::switch_context(ucontext_t& from, ucontext_t& to, [[maybe_unused]] bool into_fiber) {
#ifdef ATTN_ADDRESS_SANITIZER
    void* outer_fake_stack = nullptr;
    if (into_fiber) {
        __sanitizer_start_switch_fiber(&outer_fake_stack, stack_.get(), stack_bytes);
    } else {
        __sanitizer_start_switch_fiber(finished_ ? nullptr : &fake_stack_, outside_stack_,
                                       outside_stack_size_);
    }
#endif
    // getcontext returns twice: now, and again when somebody switches back to `from`.
    volatile bool is_back = false;
    getcontext(&from);
    if (!is_back) {
        is_back = true;
        setcontext(&to);
    }
#ifdef ATTN_ADDRESS_SANITIZER
    if (into_fiber) {
        __sanitizer_finish_switch_fiber(outer_fake_stack, nullptr, nullptr);
    } else {
        __sanitizer_finish_switch_fiber(fake_stack_, &outside_stack_, &outside_stack_size_);
    }
#endif
}
