#include "common/files/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/files/file_error.hpp"
#include "common/files/output_target.hpp"
#include "common/write_out.hpp"

namespace {

[[noreturn]] void refuse(const std::string& path, int error) {
    const char* advice = error == ENOSPC || error == EFBIG ? "make room, or write elsewhere"
                         : error == ENOENT                 ? "make its folder first"
                                                           : "choose another place";
    throw FileError(path, fmt::format("cannot be written: {}", std::strerror(error)), advice);
}

// As long as this object lives, a signal that ends the program first removes one file.
class RemovedBySignals {
  public:
    explicit RemovedBySignals(const std::string& path) {
        file_to_remove = path.c_str();
        for (std::size_t i = 0; i < signals.size(); ++i) {
            struct sigaction action {};
            action.sa_handler = remove_and_end;
            sigaction(signals.at(i), nullptr, &before_.at(i));
            // nohup and shells ignore some signals on purpose.
            if (before_.at(i).sa_handler != SIG_IGN) sigaction(signals.at(i), &action, nullptr);
        }
    }
    ~RemovedBySignals() {
        for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), &before_.at(i), nullptr);
    }
    RemovedBySignals(const RemovedBySignals&) = delete;
    RemovedBySignals& operator=(const RemovedBySignals&) = delete;

  private:
    // The exit status then says which signal it was, as it does without this handler.
    static void remove_and_end(int signal) {
        unlink(file_to_remove);
        std::signal(signal, SIG_DFL);
        raise(signal);
    }

    static constexpr std::array signals = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
    static inline const char* volatile file_to_remove = nullptr;
    std::array<struct sigaction, signals.size()> before_{};
};

// A new file that disappears with this object, unless it has been renamed.
class TemporaryFile {
  public:
    // `name` is what the reader calls the output.
    TemporaryFile(const std::string& name, const OutputTarget& target)
        : name_(name),
          target_(target),
          path_(std::filesystem::path(target.path).replace_filename(fmt::format("walk.{}.tmp", getpid()))),
          guard_(path_),
          descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
        if (descriptor_ < 0) refuse(name_, errno);
    }
    ~TemporaryFile() {
        if (descriptor_ >= 0) close(descriptor_);
        if (!renamed_) unlink(path_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    void write_all(std::string_view contents) const {
        while (!contents.empty()) {
            const ssize_t written = write(descriptor_, contents.data(), contents.size());
            if (written < 0 && errno != EINTR) refuse(name_, errno);
            if (written > 0) contents.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    // Only root may set another owner. If the old owner cannot be set, the new file is this user's.
    void take_over_permissions() const {
        if (!target_.old) return;
        [[maybe_unused]] const int given = fchown(descriptor_, target_.old->st_uid, target_.old->st_gid);
        if (fchmod(descriptor_, target_.old->st_mode & 0777U) != 0) refuse(name_, errno);
    }

    // A disk may report only now that it is full, so closing can fail as well.
    void finish() {
        if (fsync(descriptor_) != 0) refuse(name_, errno);
        const int closed = close(descriptor_);
        descriptor_ = -1;
        if (closed != 0 || std::rename(path_.c_str(), target_.path.c_str()) != 0) refuse(name_, errno);
        renamed_ = true;
    }

  private:
    const std::string& name_;
    const OutputTarget& target_;
    std::string path_;
    RemovedBySignals guard_;
    int descriptor_;
    bool renamed_ = false;
};

// The new name itself reaches the disk with its folder. Some file systems know no such thing: no error.
void sync_folder_of(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
    const int descriptor = open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

}  // namespace

void write_file(const std::string& path, std::string_view contents) {
    if (is_standard_output(path)) return write_out(contents);
    const OutputTarget target = output_target(path);
    TemporaryFile file(path, target);
    file.write_all(contents);
    file.take_over_permissions();
    file.finish();
    sync_folder_of(target.path);
}
