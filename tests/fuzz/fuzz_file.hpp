// A fuzzer's bytes as a file that lives in memory only, so that the readers run as they do for people.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/files/file_error.hpp"
#include "common/files/tensor_file.hpp"

class FuzzFile {
  public:
    FuzzFile(const std::uint8_t* data, std::size_t size) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
        if (write(descriptor_, data, size) != static_cast<ssize_t>(size)) std::abort();
    }
    ~FuzzFile() { close(descriptor_); }
    FuzzFile(const FuzzFile&) = delete;
    FuzzFile& operator=(const FuzzFile&) = delete;

    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  private:
    int descriptor_;
};

// Opens the file and reads each tensor. A FileError is a right answer, and so is a tensor that is as large as
// its shape says; anything else, a memory error above all, is a finding.
template <class Open>
void read_everything(Open open, const std::uint8_t* data, std::size_t size) {
    const FuzzFile file(data, size);
    try {
        const std::unique_ptr<TensorFile> tensors = open(file.path());
        for (const TensorInfo& info : tensors->tensors()) {
            try {
                std::size_t count = 1;
                for (const std::size_t length : info.shape) count *= length;
                if (tensors->read(info.name).size() != count) std::abort();
            } catch (const FileError&) {
                continue;  // a type of element that is not read
            }
        }
    } catch (const FileError& error) {
        if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
    }
}
