#include "common/exercise/sandbox.hpp"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) && !defined(ATTN_ADDRESS_SANITIZER)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace exercise {
namespace {

#ifdef __x86_64__
constexpr std::uint32_t this_architecture = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t this_architecture = AUDIT_ARCH_AARCH64;
#endif

// What a program needs to compute, to print, and to end.
constexpr std::uint32_t allowed[] = {
    SYS_read,
    SYS_write,
    SYS_writev,
    SYS_close,
    SYS_fstat,
    SYS_lseek,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getpid,
    SYS_gettid,
    SYS_getrandom,
    SYS_getrusage,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sysinfo,
    SYS_uname,
    SYS_set_tid_address,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_exit,
    SYS_exit_group,
#ifdef __x86_64__
    SYS_arch_prctl,
    SYS_time,
#endif
};

constexpr std::uint32_t offset_of_argument = offsetof(seccomp_data, args);

// The filter is a small program in the kernel's own language: load a number, compare it, go on or jump.
class Filter {
  public:
    void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
    // Gives `verdict` if the loaded number is `number`.
    void if_equal(std::uint32_t number, std::uint32_t verdict) {
        lines_.at(size_++) = {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number};
        end(verdict);
    }
    void if_not_equal(std::uint32_t number, std::uint32_t verdict) {
        lines_.at(size_++) = {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, number};
        end(verdict);
    }
    // For one system call: gives `verdict` if its first argument has this value, or has one of these bits.
    void if_call_with(std::uint32_t call, std::uint16_t comparison, std::uint32_t value,
                      std::uint32_t verdict) {
        lines_.at(size_++) = {BPF_JMP | BPF_JEQ | BPF_K, 0, 4, call};
        load(offset_of_argument);
        lines_.at(size_++) = {static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), 0, 1, value};
        end(verdict);
        load(offsetof(seccomp_data, nr));
    }
    void end(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }

    bool install() {
        sock_fprog program{static_cast<unsigned short>(size_), lines_.data()};
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    }

  private:
    void add(int code, std::uint32_t value) {
        lines_.at(size_++) = {static_cast<std::uint16_t>(code), 0, 0, value};
    }
    std::array<sock_filter, 256> lines_{};
    std::size_t size_ = 0;
};

}  // namespace

void enter_sandbox() {
    constexpr std::uint32_t allow = SECCOMP_RET_ALLOW, refuse = SECCOMP_RET_ERRNO | EPERM;
    Filter filter;
    filter.load(offsetof(seccomp_data, arch));
    filter.if_not_equal(this_architecture, SECCOMP_RET_KILL_PROCESS);
    filter.load(offsetof(seccomp_data, nr));
    for (const std::uint32_t call : allowed) filter.if_equal(call, allow);

    // A thread is allowed, another process is not. glibc takes clone where clone3 does not exist.
    filter.if_call_with(SYS_clone, BPF_JSET, CLONE_THREAD, allow);
    filter.if_equal(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);

    // abort() sends a signal to its own process.
    filter.if_call_with(SYS_tgkill, BPF_JEQ, static_cast<std::uint32_t>(getpid()), allow);
    filter.end(refuse);
    filter.install();
}

}  // namespace exercise
#else
namespace exercise {

void enter_sandbox() {}

}  // namespace exercise
#endif
