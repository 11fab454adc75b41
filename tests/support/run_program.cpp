#include "tests/support/run_program.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace {

// In the child: becomes the shell command. A reader's SIGPIPE is the default one.
[[noreturn]] void become(const std::string& shell_command, const std::vector<std::string>& environment) {
    std::vector<std::string> variables = environment;
    variables.push_back(std::string("PATH=") + std::getenv("PATH"));
    variables.push_back("ATTN_UNTIMED=1");  // no walk prints what it has measured
    std::vector<char*> pointers;
    for (std::string& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);
    execle("/bin/sh", "sh", "-c", shell_command.c_str(), nullptr, pointers.data());
    _exit(127);
}

// Waits for its end.
void finish(Finished& finished, pid_t child) {
    int status = 0;
    rusage usage{};
    wait4(child, &status, 0, &usage);
    finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    finished.peak_mib = usage.ru_maxrss / 1024;
}

// Reads one block; false at the end (a closed terminal gives an error there, a pipe gives nothing).
bool read_some(int source, std::string& text) {
    std::array<char, 4096> block;
    const ssize_t size = read(source, block.data(), block.size());
    if (size <= 0) return false;
    text.append(block.data(), static_cast<std::size_t>(size));
    return true;
}

}  // namespace

Finished run_piped(const std::string& shell_command, const std::vector<std::string>& environment) {
    std::array<int, 2> out{}, err{};
    if (pipe(out.data()) != 0 || pipe(err.data()) != 0) throw std::runtime_error("no pipe");
    const pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        for (const int end : {out[0], out[1], err[0], err[1]}) close(end);
        become(shell_command, environment);
    }
    close(out[1]);
    close(err[1]);

    // Both at once: a program that fills one pipe while we wait for the other would hang.
    Finished finished;
    std::array<pollfd, 2> sources{{{out[0], POLLIN, 0}, {err[0], POLLIN, 0}}};
    while (sources[0].fd >= 0 || sources[1].fd >= 0) {
        poll(sources.data(), sources.size(), -1);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (sources[i].fd < 0 || sources[i].revents == 0) continue;
            if (!read_some(sources[i].fd, i == 0 ? finished.output : finished.errors)) sources[i].fd = -1;
        }
    }
    close(out[0]);
    close(err[0]);
    finish(finished, child);
    return finished;
}

Finished run_on_terminal(const std::string& shell_command, const std::vector<std::string>& environment,
                         int columns, const std::string& typed) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = 24;
    int terminal = -1;
    const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
    if (child == 0) become(shell_command, environment);

    // What is typed early waits in the terminal until it is read.
    if (write(terminal, typed.data(), typed.size()) < 0)
        throw std::runtime_error("nobody reads the terminal");
    Finished finished;
    while (read_some(terminal, finished.output)) {
    }
    close(terminal);
    finish(finished, child);
    std::erase(finished.output, '\r');  // the terminal writes \r\n
    return finished;
}

std::string folder(int chapter) {
    for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/chapters")) {
        const std::string name = entry.path().filename();
        if (entry.is_directory() &&
            name.starts_with(std::string(chapter < 10 ? "0" : "") + std::to_string(chapter))) {
            return name;
        }
    }
    throw std::runtime_error("there is no chapter " + std::to_string(chapter));
}

int count_chapters() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SOURCE_DIR "/chapters")) {
        const char first = entry.path().filename().string().front();
        if (entry.is_directory() && first >= '0' && first <= '9') ++count;
    }
    return count;
}

std::string program(int chapter) {
    return std::string("'") + PROGRAM_DIR + "/" + folder(chapter) + "'";
}

std::string program_on_device(int chapter) {
    return std::string("'") + PROGRAM_DIR + "/" + folder(chapter) + "_on_device'";
}

std::string program_with_flash(int chapter) {
    return std::string("'") + PROGRAM_DIR + "/" + folder(chapter) + "_with_flash'";
}
