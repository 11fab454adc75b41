#include "common/files/tensor_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "common/files/atomic_file.hpp"
#include "common/files/csv.hpp"
#include "common/files/element_type.hpp"
#include "common/files/file_error.hpp"
#include "common/files/npy.hpp"
#include "common/files/npz.hpp"
#include "common/files/safetensors.hpp"
#include "common/files/tensor_json.hpp"

namespace {

std::string ending_of(const std::string& path) {
    return std::filesystem::path(path).extension();
}

void check(const std::string& path, const NamedTensors& tensors) {
    std::set<std::string> names;
    for (const auto& [name, tensor] : tensors) {
        if (!names.insert(name).second) {
            throw FileError(path, fmt::format("two tensors are to be called \"{}\"", name), "rename one");
        }
        if (element_count(tensor.shape) != tensor.size()) {
            throw FileError(path,
                            fmt::format("\"{}\" has {} values for the shape {}", name, tensor.size(),
                                        to_string(tensor.shape)),
                            "a tensor has as many values as its shape");
        }
    }
}

}  // namespace

std::unique_ptr<TensorFile> open_tensor_file(const std::string& path) {
    const std::string ending = ending_of(path);
    if (ending == ".safetensors") return open_safetensors(path);
    if (ending == ".npy") return open_npy(path);
    if (ending == ".npz") return open_npz(path);
    if (ending == ".csv") return open_csv(path);
    throw FileError(path, "its ending is none of .safetensors, .npy, .npz and .csv",
                    "convert it, or rename it to what it is");
}

void save_tensors(const std::string& path, const NamedTensors& tensors) {
    check(path, tensors);
    const std::string ending = ending_of(path);
    if (ending == ".safetensors") {
        write_file(path, to_safetensors(path, tensors));
    } else if (ending == ".npz") {
        write_file(path, to_npz(path, tensors));
    } else if (ending == ".json") {
        write_file(path, to_json(tensors));
    } else {
        throw FileError(path, "its ending is none of .safetensors, .npz and .json", "choose one of them");
    }
}

std::size_t position_of(const std::string& name, const std::vector<TensorInfo>& tensors,
                        const std::string& path) {
    const auto found = std::find_if(tensors.begin(), tensors.end(),
                                    [&](const TensorInfo& info) { return info.name == name; });
    if (found != tensors.end()) return static_cast<std::size_t>(found - tensors.begin());

    // A few names are enough to see how they are spelled here.
    constexpr std::size_t enough = 5;
    std::vector<std::string> names;
    for (const TensorInfo& info : tensors) {
        if (names.size() < enough) names.push_back(info.name);
    }
    const std::size_t more = tensors.size() - names.size();
    throw FileError(path, fmt::format("there is no tensor \"{}\"", name),
                    tensors.empty() ? "the file has none"
                                    : fmt::format("there is {}{}", fmt::join(names, ", "),
                                                  more > 0 ? fmt::format(" and {} more", more) : ""));
}
