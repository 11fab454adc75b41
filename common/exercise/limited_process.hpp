// A program that runs with limits: on its time, its memory and what it prints. Compilers, checks and
// students' programs all run this way, so none of them can hold up or harm the program that started it.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace exercise {

struct Limits {
    double seconds = 10;
    std::size_t memory = std::size_t{2} << 30U;  // bytes of address space; 0: no limit
    std::size_t output = 64U << 10U;             // bytes of standard output and standard error together
    // A student's program: it gets no environment of ours and may write no file (answer_main.cpp does the
    // rest).
    bool untrusted = false;
};

struct Ended {
    int status = 0;  // exit status
    int signal = 0;  // the signal that ended it; 0: it ended by itself
    bool timed_out = false;
    bool printed_too_much = false;
    bool sent_too_much = false;  // a message larger than LimitedProcess::largest_message
    std::string output;          // the first Limits::output bytes that it printed
};

class LimitedProcess {
  public:
    // Starts `arguments[0]`, found through PATH, in the folder `folder`. Standard input is empty. The
    // process may send messages on file descriptor `message_descriptor`.
    LimitedProcess(const std::vector<std::string>& arguments, const std::string& folder,
                   const Limits& limits);
    ~LimitedProcess();
    LimitedProcess(const LimitedProcess&) = delete;
    LimitedProcess& operator=(const LimitedProcess&) = delete;

    // The next message; nothing once the process has ended, printed too much or used up its time.
    std::optional<std::string> next_message();

    // Waits for the end of the process, within its limits. Then every process of its group has ended.
    Ended wait();

    // Ends it now.
    void kill();

    static constexpr int message_descriptor = 3;
    static constexpr std::size_t largest_message = 64U << 20U;

  private:
    bool read_some();  // false where nothing more will come
    void end();

    Limits limits_;
    std::chrono::steady_clock::time_point deadline_;
    pid_t process_ = -1;
    int output_ = -1, messages_ = -1;
    std::string received_;
    Ended ended_;
};

// Thrown in the program that waits, after Ctrl-C or SIGTERM: what it started has ended then.
struct Interrupted {};

// From now on Ctrl-C and SIGTERM throw Interrupted out of LimitedProcess and pause().
void throw_on_interrupt();

// Waits. Throws Interrupted.
void pause(std::chrono::milliseconds time);

// In the process itself: sends a message to the one that started it.
void send_message(std::string_view message);

// Runs a program to its end.
Ended run_limited(const std::vector<std::string>& arguments, const std::string& folder, const Limits& limits);

}  // namespace exercise
