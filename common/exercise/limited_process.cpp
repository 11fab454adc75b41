#include "common/exercise/limited_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace exercise {
namespace {

std::atomic<bool> interrupted = false;

void note_interrupt(int) {
    interrupted = true;
}

// A pipe that no other program inherits.
std::array<int, 2> private_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("the system has no pipe left");
    return ends;
}

void limit(__rlimit_resource resource, std::size_t most) {
    const rlimit both{most, most};
    setrlimit(resource, &both);
}

// In the child: between fork and exec only calls that are safe where other threads exist.
[[noreturn]] void become(const std::vector<char*>& arguments, const char* folder, const Limits& limits,
                         int output, int messages) {
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    dup2(messages, LimitedProcess::message_descriptor);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, static_cast<std::size_t>(limits.seconds) + 1);
#ifndef ATTN_ADDRESS_SANITIZER  // it reserves terabytes of addresses
    if (limits.memory > 0) limit(RLIMIT_AS, limits.memory);
#endif
    for (int inherited = LimitedProcess::message_descriptor + 1; inherited < 256; ++inherited)
        close(inherited);
    if (chdir(folder) != 0) _exit(127);
    if (!limits.untrusted) {
        execvp(arguments[0], arguments.data());
        _exit(127);
    }
    limit(RLIMIT_FSIZE, 0);
    // With one thread OpenBLAS starts none, which an untrusted program may not do.
    std::array<char*, 3> environment{const_cast<char*>("OPENBLAS_NUM_THREADS=1"),
                                     const_cast<char*>("LANG=C.UTF-8"), nullptr};
    execve(arguments[0], arguments.data(), environment.data());
    _exit(127);
}

}  // namespace

LimitedProcess::LimitedProcess(const std::vector<std::string>& arguments, const std::string& folder,
                               const Limits& limits)
    : limits_(limits),
      deadline_(std::chrono::steady_clock::now() +
                std::chrono::milliseconds(static_cast<std::int64_t>(1000 * limits.seconds))) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);

    const std::array<int, 2> output = private_pipe(), messages = private_pipe();
    process_ = fork();
    if (process_ < 0) throw std::runtime_error("the system cannot start another process");
    if (process_ == 0) become(pointers, folder.c_str(), limits, output[1], messages[1]);
    setpgid(process_, process_);  // whoever comes first, this process or the child
    close(output[1]);
    close(messages[1]);
    output_ = output[0];
    messages_ = messages[0];
}

LimitedProcess::~LimitedProcess() {
    kill();
}

bool LimitedProcess::read_some() {
    if (process_ < 0) return false;
    std::array<pollfd, 2> sources{{{output_, POLLIN, 0}, {messages_, POLLIN, 0}}};
    if (output_ < 0 && messages_ < 0) return false;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    // In short waits: the signal may have come to another thread.
    const auto wait = std::min<std::int64_t>(left.count(), 200);
    const int ready = wait > 0 ? poll(sources.data(), sources.size(), static_cast<int>(wait)) : 0;
    if (interrupted) throw Interrupted{};
    if ((ready < 0 && errno == EINTR) || (ready == 0 && left.count() > wait)) return true;
    if (ready <= 0) {
        ended_.timed_out = true;
        return false;
    }
    std::array<char, 65536> block;
    for (pollfd& source : sources) {
        if (source.fd < 0 || source.revents == 0) continue;
        int& descriptor = source.fd == output_ ? output_ : messages_;
        const ssize_t size = read(descriptor, block.data(), block.size());
        if (size <= 0) {
            close(descriptor);
            descriptor = -1;
            continue;
        }
        const std::string_view bytes(block.data(), static_cast<std::size_t>(size));
        if (&descriptor == &messages_) {
            received_ += bytes;
        } else {
            const std::size_t room = limits_.output - ended_.output.size();
            ended_.output += bytes.substr(0, room);
            if (bytes.size() > room) {
                ended_.printed_too_much = true;
                return false;
            }
        }
    }
    return true;
}

std::optional<std::string> LimitedProcess::next_message() {
    for (;;) {
        std::uint64_t size = 0;
        if (received_.size() >= sizeof(size)) {
            std::memcpy(&size, received_.data(), sizeof(size));
            if (size > largest_message) {
                ended_.sent_too_much = true;
                return std::nullopt;
            }
            if (received_.size() - sizeof(size) >= size) {
                const auto length = static_cast<std::size_t>(size);
                std::string message = received_.substr(sizeof(size), length);
                received_.erase(0, sizeof(size) + length);
                return message;
            }
        }
        if (messages_ < 0 || !read_some()) return std::nullopt;
    }
}

Ended LimitedProcess::wait() {
    while (!ended_.sent_too_much && read_some()) received_.clear();
    end();
    return ended_;
}

void LimitedProcess::kill() {
    if (process_ > 0) end();
}

// A process that closed its pipes may still run: it ends here, with all that it started.
void LimitedProcess::end() {
    if (process_ <= 0) return;
    int status = 0;
    pid_t reaped = 0;
    const bool over_limit = ended_.timed_out || ended_.printed_too_much || ended_.sent_too_much;
    // Both pipes are closed: it is about to end by itself, unless it closed them on purpose.
    for (int tries = 0; tries < 200 && !over_limit && output_ < 0 && messages_ < 0 && reaped == 0; ++tries) {
        reaped = waitpid(process_, &status, WNOHANG);
        if (reaped == 0) usleep(1000);
    }
    ::kill(-process_, SIGKILL);
    if (reaped == 0) waitpid(process_, &status, 0);
    if (WIFEXITED(status)) ended_.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended_.signal = WTERMSIG(status);
    for (int* descriptor : {&output_, &messages_}) {
        if (*descriptor >= 0) close(*descriptor);
        *descriptor = -1;
    }
    process_ = -1;
}

void throw_on_interrupt() {
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

void pause(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!interrupted && std::chrono::steady_clock::now() < end) usleep(20'000);
    if (interrupted) throw Interrupted{};
}

void send_message(std::string_view message) {
    const std::uint64_t size = message.size();
    std::string bytes(sizeof(size), '\0');
    std::memcpy(bytes.data(), &size, sizeof(size));
    bytes += message;
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const ssize_t written = write(LimitedProcess::message_descriptor, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

Ended run_limited(const std::vector<std::string>& arguments, const std::string& folder,
                  const Limits& limits) {
    return LimitedProcess(arguments, folder, limits).wait();
}

}  // namespace exercise
