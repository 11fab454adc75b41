#include "common/compare/read_prints.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "common/compare/closeness.hpp"
#include "common/compare/read_value.hpp"
#include "common/files/element_type.hpp"
#include "common/files/file_error.hpp"
#include "common/files/mapped_file.hpp"
#include "common/files/tensor_file.hpp"
#include "common/printable.hpp"

namespace {

// Windows PowerShell writes UTF-16. For a log of numbers it is enough to keep every second byte.
std::string narrowed(std::string_view utf16) {
    std::string text;
    for (std::size_t i = 2; i + 1 < utf16.size(); i += 2) text += utf16[i + 1] == '\0' ? utf16[i] : '?';
    return text;
}

std::vector<PrintedTensor> read_saved(const std::string& path) {
    std::vector<PrintedTensor> printed;
    const std::unique_ptr<TensorFile> file = open_tensor_file(path);
    std::size_t left = most_numbers;
    for (const TensorInfo& info : file->tensors()) {
        const std::optional<std::size_t> count = element_count(info.shape);
        if (count && *count <= left) {
            left -= *count;
            printed.push_back(printed_from(printable(info.name), file->read(info.name)));
            printed.back().where = "the file";
        } else {
            PrintedTensor large;
            large.name = printable(info.name);
            large.where = "the file";
            large.damage = fmt::format("the tensors up to here have more than {} numbers", most_numbers);
            printed.push_back(std::move(large));
        }
    }
    return printed;
}

std::vector<PrintedTensor> read_file(const std::string& path) {
    const std::string ending = std::filesystem::path(path).extension();
    if (ending == ".safetensors" || ending == ".npz" || ending == ".npy") return read_saved(path);

    const MappedFile file(path);
    std::string_view text = file.text();
    if (text.size() > largest_file) {
        throw FileError(path, fmt::format("it is larger than {} MB", largest_file >> 20U),
                        "clear the outputs that are pictures, or print the tensors into a text file");
    }
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    if (text.starts_with("\xff\xfe")) return read_text(path, narrowed(text));
    return ending == ".ipynb" ? read_notebook(path, text) : read_text(path, text);
}

}  // namespace

void PrintCollector::add(PrintedTensor value) {
    numbers_ += value.numbers.size();
    if (numbers_ > most_printed_numbers || printed_.size() == most_printed_values) {
        throw FileError(path_,
                        fmt::format("it prints more than {} million numbers, or {} tensors",
                                    most_printed_numbers / 1'000'000, most_printed_values),
                        "leave PyTorch's threshold at 1000, and save large tensors as .safetensors");
    }
    value.name = printable(value.name);
    value.words = printable(value.words);
    printed_.push_back(std::move(value));
}

std::vector<PrintedTensor> read_prints(const std::string& path) {
    std::vector<PrintedTensor> printed = read_file(path);
    if (printed.empty()) {
        throw FileError(path, "there is no printed tensor in it",
                        "print the tensors with print(...), and save it");
    }
    return printed;
}
