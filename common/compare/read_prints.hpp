// Reads all printed or saved tensors of a file.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/compare/printed_tensor.hpp"
#include "common/files/file_error.hpp"

// The largest file in bytes; a larger one is refused. A notebook without pictures is a hundred times smaller.
constexpr std::size_t largest_file = 64U << 20U;

// A file with more printed numbers, more values or more parts of JSON is refused too.
constexpr std::size_t most_printed_numbers = 4'000'000, most_printed_values = 100'000,
                      most_json_parts = 2'000'000;

// A notebook (.ipynb, nbformat 4), a file of tensors (.safetensors, .npz, .npy), or any other file as text:
// a notebook saved as text, or the output of a program. Throws FileError; also where there is no tensor.
std::vector<PrintedTensor> read_prints(const std::string& path);

// The two readers of text. A FileError names `path`.
std::vector<PrintedTensor> read_notebook(const std::string& path, std::string_view json);
std::vector<PrintedTensor> read_text(const std::string& path, std::string_view text);

// Adds a value to those that were read from a file, its name and words fit for any report (printable());
// throws FileError where they become too many.
class PrintCollector {
  public:
    explicit PrintCollector(std::string path) : path_(std::move(path)) {}
    void add(PrintedTensor value);
    [[nodiscard]] std::vector<PrintedTensor> take() { return std::move(printed_); }

  private:
    std::string path_;
    std::vector<PrintedTensor> printed_;
    std::size_t numbers_ = 0;
};
