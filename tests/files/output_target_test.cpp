// Where outputs go: links, permissions, devices, signals, and outputs that would replace an input.
#include "common/files/output_target.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "common/files/atomic_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;

std::string write_error_of(const std::string& path) {
    return error_of([&] { write_file(path, "new"); });
}

mode_t permissions_of(const std::string& path) {
    struct stat facts {};
    REQUIRE(stat(path.c_str(), &facts) == 0);
    return facts.st_mode & 07777U;
}

std::vector<std::string> names_in(const TemporaryFolder& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder.path("")))
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

// A process that writes a file for ever, so that signals come in the middle of it.
class WritingProcess {
  public:
    WritingProcess(const TemporaryFolder& folder, int signal, void (*handler)(int)) : child_(fork()) {
        if (child_ == 0) {
            std::signal(signal, handler);
            const std::string contents(20'000'000, 'x');
            for (;;) write_file(folder.path("page"), contents);
        }
        while (names_in(folder).size() < 2) usleep(100);
    }
    ~WritingProcess() {
        if (!is_over_) kill(child_, SIGKILL);
        if (!is_over_) waitpid(child_, nullptr, 0);
    }
    WritingProcess(const WritingProcess&) = delete;
    WritingProcess& operator=(const WritingProcess&) = delete;

    void send(int signal) const { kill(child_, signal); }

    // The status of the process, if it ends within so many milliseconds.
    std::optional<int> ends_within(int milliseconds) {
        int status = 0;
        for (; milliseconds > 0 && !is_over_; --milliseconds) {
            is_over_ = waitpid(child_, &status, WNOHANG) == child_;
            if (!is_over_) usleep(1000);
        }
        return is_over_ ? std::optional(status) : std::nullopt;
    }

  private:
    pid_t child_;
    bool is_over_ = false;
};

}  // namespace

TEST_CASE("outputs: a symbolic link stays, and what it leads to is replaced or made") {
    const TemporaryFolder folder;
    const std::string file = folder.file("page", "old");
    fs::create_directory(folder.path("links"));
    fs::create_symlink("two", folder.path("links/one"));
    fs::create_symlink("../page", folder.path("links/two"));
    write_file(folder.path("links/one"), "new");
    CHECK(contents_of(file) == "new");
    CHECK(fs::read_symlink(folder.path("links/one")) == "two");
    CHECK(fs::read_symlink(folder.path("links/two")) == "../page");

    // Nothing there yet.
    fs::create_symlink("not/yet", folder.path("dangling"));
    CHECK(has(write_error_of(folder.path("dangling")), "make its folder first"));
    fs::create_directory(folder.path("not"));
    write_file(folder.path("dangling"), "made");
    CHECK(contents_of(folder.path("not/yet")) == "made");
    CHECK(fs::is_symlink(folder.path("dangling")));

    fs::create_symlink("circle", folder.path("circle"));
    CHECK(has(write_error_of(folder.path("circle")), "leads in a circle"));
    CHECK(names_in(folder) == std::vector<std::string>{"circle", "dangling", "links", "not", "page"});
}

TEST_CASE("outputs: permissions stay, and a file that may not be written is refused") {
    const TemporaryFolder folder;
    const std::string file = folder.file("page", "old");
    for (const mode_t mode : {0600U, 0640U, 0666U, 0755U, 0200U}) {
        REQUIRE(chmod(file.c_str(), mode) == 0);
        write_file(file, "new");
        CHECK(permissions_of(file) == mode);
    }
    for (const mode_t mode : {0400U, 0444U, 0000U, 0422U}) {
        REQUIRE(chmod(file.c_str(), mode) == 0);
        CHECK(has(write_error_of(file), "page: may not be written over; chmod u+w gives permission"));
        CHECK(permissions_of(file) == mode);
    }
    REQUIRE(chmod(file.c_str(), 0600) == 0);
    CHECK(contents_of(file) == "new");
}

TEST_CASE("outputs: another hard link keeps the old contents") {
    const TemporaryFolder folder;
    const std::string file = folder.file("page", "old");
    fs::create_hard_link(file, folder.path("other"));
    write_file(file, "new");
    CHECK(contents_of(file) == "new");
    CHECK(contents_of(folder.path("other")) == "old");
}

TEST_CASE("outputs: what is no plain file is refused by name and stays what it is") {
    const TemporaryFolder folder;
    fs::create_directory(folder.path("folder"));
    REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, folder.path("socket").c_str(), sizeof(address.sun_path) - 1);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    close(descriptor);

    CHECK(has(write_error_of(folder.path("folder")), "folder: is a folder, no plain file"));
    CHECK(has(write_error_of(folder.path("pipe")), "pipe: is a pipe, no plain file"));
    CHECK(has(write_error_of(folder.path("socket")), "socket: is a socket, no plain file"));
    CHECK(has(write_error_of("/dev/null"), "/dev/null: is a device, no plain file"));
    CHECK(has(write_error_of(folder.path("no/file")), "no/file: cannot be written: No such file"));
    CHECK(has(write_error_of(folder.path("no/")), "make its folder first"));
    CHECK(names_in(folder) == std::vector<std::string>{"folder", "pipe", "socket"});
    CHECK(fs::is_fifo(folder.path("pipe")));
    CHECK(fs::is_socket(folder.path("socket")));
}

TEST_CASE("outputs: the longest file name that there may be") {
    const TemporaryFolder folder;
    const std::string name(255, 'n');
    write_file(folder.path(name), "new");
    CHECK(contents_of(folder.path(name)) == "new");
    CHECK(has(write_error_of(folder.path(name + "n")), "File name too long"));
}

TEST_CASE("outputs: a signal leaves the old file and nothing beside it") {
    const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP, SIGQUIT);
    const TemporaryFolder folder;
    const std::string file = folder.file("page", "old");
    WritingProcess process(folder, signal, SIG_DFL);
    process.send(signal);
    const std::optional<int> status = process.ends_within(20'000);
    REQUIRE(status);
    CHECK(WIFSIGNALED(*status));
    CHECK(WTERMSIG(*status) == signal);
    CHECK(names_in(folder) == std::vector<std::string>{"page"});
}

TEST_CASE("outputs: a signal that is ignored stays ignored (nohup), and what it was afterwards") {
    const TemporaryFolder folder;
    const auto hang_up = std::signal(SIGHUP, SIG_IGN), terminate = std::signal(SIGTERM, SIG_DFL);
    write_file(folder.path("page"), "new");
    CHECK(std::signal(SIGHUP, hang_up) == SIG_IGN);
    CHECK(std::signal(SIGTERM, terminate) == SIG_DFL);

    WritingProcess process(folder, SIGHUP, SIG_IGN);
    process.send(SIGHUP);
    CHECK_FALSE(process.ends_within(50));
}

TEST_CASE("outputs: none is an input or another output") {
    const TemporaryFolder folder;
    const std::string input = folder.file("input", "1"), other = folder.file("other", "2");
    fs::create_symlink("input", folder.path("link"));
    fs::create_hard_link(input, folder.path("hard"));
    fs::create_directory(folder.path("folder"));
    fs::create_symlink("../input", folder.path("folder/link"));
    const std::vector<NamedFile> inputs = {{"--config", folder.path("nowhere")}, {"--input", input}};
    const auto error = [&](const std::vector<NamedFile>& outputs) {
        return error_of([&] { check_outputs(inputs, outputs); });
    };
    CHECK(error({}).empty());
    CHECK(error({{"--html", other}, {"--save", folder.path("new")}}).empty());
    for (const std::string same : {"input", "link", "hard", "./input", "folder/../input", "folder/link"}) {
        CAPTURE(same);
        CHECK(has(error({{"--save", other}, {"--html", folder.path(same)}}),
                  "--html and --input are the same file"));
    }

    // Two outputs: there already, not yet, and not yet by way of a link.
    CHECK(has(error({{"--save", other}, {"--html", folder.path("./other")}}),
              "--html and --save are the same"));
    fs::create_symlink("new", folder.path("dangling"));
    for (const std::string same : {"new", "./new", "folder/../new", "dangling"}) {
        CAPTURE(same);
        CHECK(has(error({{"--save", folder.path("new")}, {"--html", folder.path(same)}}),
                  "--html and --save are the same file"));
    }
    CHECK(has(error({{"--html", folder.path("nowhere")}}), "--html and --config are the same file"));
    CHECK(error({{"--save", folder.path("new")}, {"--html", folder.path("folder/new")}}).empty());

    // Standard output is one place; what cannot be written is said now.
    CHECK(has(error({{"--html", "-"}, {"--json", "/dev/stdout"}}), "--json and --html are the same file"));
    CHECK(error({{"--html", "-"}}).empty());
    CHECK(has(error({{"--html", "/dev/full"}}), "is a device"));
    CHECK(has(error({{"--html", folder.path("no/page")}}), "make its folder first"));
    CHECK(contents_of(input) == "1");
}
