#include "common/files/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/files/file_error.hpp"

namespace {

[[noreturn]] void refuse(const std::string& path, int error) {
    const char* advice = error == ENOSPC || error == EFBIG ? "make room, or write elsewhere"
                         : error == ENOENT                 ? "make its folder first"
                                                           : "choose another place";
    throw FileError(path, fmt::format("cannot be written: {}", std::strerror(error)), advice);
}

// A new file that disappears with this object, unless it has been renamed.
class TemporaryFile {
  public:
    TemporaryFile(const std::string& path, const std::string& destination)
        : path_(path),
          destination_(destination),
          descriptor_(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
        if (descriptor_ < 0) refuse(destination, errno);
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
            if (written < 0 && errno != EINTR) refuse(destination_, errno);
            if (written > 0) contents.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    // A disk may report only now that it is full, so closing can fail as well.
    void finish() {
        if (fsync(descriptor_) != 0) refuse(destination_, errno);
        const int closed = close(descriptor_);
        descriptor_ = -1;
        if (closed != 0 || std::rename(path_.c_str(), destination_.c_str()) != 0) refuse(destination_, errno);
        renamed_ = true;
    }

  private:
    std::string path_, destination_;
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
    TemporaryFile file(fmt::format("{}.{}.tmp", path, getpid()), path);
    file.write_all(contents);
    file.finish();
    sync_folder_of(path);
}
