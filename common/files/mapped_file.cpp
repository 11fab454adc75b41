#include "common/files/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/files/file_error.hpp"

namespace {

// An open file, closed when it goes out of scope: a map outlives it.
class Descriptor {
  public:
    explicit Descriptor(const std::string& path)
        : number_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }

  private:
    int number_;
};

[[noreturn]] void refuse_to_read(const std::string& path, int error) {
    if (error == ENOENT) throw FileError(path, "there is no such file", "check the path");
    if (error == EACCES) throw FileError(path, "may not be read", "chmod u+r gives permission");
    throw FileError(path, std::string("cannot be read: ") + std::strerror(error), "check the path");
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
    const Descriptor file(path);
    struct stat facts {};
    if (file.number() < 0 || fstat(file.number(), &facts) != 0) refuse_to_read(path, errno);

    // What cannot be mapped: folders, pipes, devices, and nothing.
    if (S_ISDIR(facts.st_mode)) throw FileError(path, "is a folder", "name a file in it");
    if (!S_ISREG(facts.st_mode)) throw FileError(path, "is no plain file", "copy it to one first");
    if (facts.st_size == 0) throw FileError(path, "is empty", "was it written to the end?");

    const auto size = static_cast<std::size_t>(facts.st_size);
    void* start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
    if (start == MAP_FAILED) refuse_to_read(path, errno);
    bytes_ = {static_cast<const std::byte*>(start), size};
}

MappedFile::~MappedFile() {
    munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

std::string_view MappedFile::text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
}
