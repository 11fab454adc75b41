// A file seen as memory: only the pages that are touched are read from the disk. It must not be cut short
// meanwhile: what is then missing ends the program.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

class MappedFile {
  public:
    // Throws FileError where there is no such file, it may not be read, is no plain file, or is empty.
    explicit MappedFile(const std::string& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    // All of the file, as long as this object lives. Never empty.
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] std::string_view text() const;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
    std::span<const std::byte> bytes_;
};
