// A function that can pause half way and be resumed: it has a stack of its own. One fiber stands for one CUDA
// thread. Made of POSIX's ucontext, so that a single processor can run a whole block, in an order we choose.
#pragma once
#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

class Fiber {
  public:
    Fiber();
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Makes `body` what the next resume() begins. It must not throw.
    void begin(std::function<void()> body);

    // Runs the body until it pauses or ends; called from outside.
    void resume();

    // Back to where resume() was called; called from inside.
    void pause();

    [[nodiscard]] bool is_finished() const { return finished_; }

  private:
    static void enter();
    void switch_context(ucontext_t& from, ucontext_t& to, bool into_fiber);

    std::function<void()> body_;
    std::unique_ptr<std::byte[]> stack_;
    ucontext_t inside_{}, outside_{};
    bool finished_ = true;

#ifdef ATTN_ADDRESS_SANITIZER
    // The stack that resume() was called on, as AddressSanitizer needs to know it.
    const void* outside_stack_ = nullptr;
    std::size_t outside_stack_size_ = 0;
    void* fake_stack_ = nullptr;
#endif
};
