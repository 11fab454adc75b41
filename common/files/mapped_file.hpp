// A memory-mapped file: the system reads only the pages that the program accesses. No other program may
// shorten the file meanwhile: access to a missing page ends this program.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

class MappedFile {
  public:
    // Throws FileError if the file does not exist, may not be read, is not a plain file, or is empty.
    explicit MappedFile(const std::string& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    // The whole file, never empty. Valid as long as this object lives.
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] std::string_view text() const;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
    std::span<const std::byte> bytes_;
};
