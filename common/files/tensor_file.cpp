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
#include "common/files/shards.hpp"
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
    if (path.ends_with(".index.json")) return open_shards(path);
    throw FileError(path, "its ending is none of .safetensors, .npy, .npz, .csv and .index.json",
                    "convert it, or rename it to what it is");
}

bool TensorFile::add(TensorInfo info) {
    if (!positions_.emplace(info.name, infos_.size()).second) return false;
    infos_.push_back(std::move(info));
    return true;
}

std::size_t TensorFile::position_of(const std::string& name) const {
    const auto found = positions_.find(name);
    if (found != positions_.end()) return found->second;

    // A few names are enough to see how they are spelled here.
    constexpr std::size_t enough = 5;
    std::vector<std::string> names;
    for (const TensorInfo& info : infos_) {
        if (names.size() < enough) names.push_back(info.name);
    }
    const std::size_t more = infos_.size() - names.size();
    throw FileError(path_, fmt::format("there is no tensor \"{}\"", name),
                    infos_.empty() ? "the file has none"
                                   : fmt::format("there is {}{}", fmt::join(names, ", "),
                                                 more > 0 ? fmt::format(" and {} more", more) : ""));
}

void check_saving_to(const std::string& path) {
    const std::string ending = ending_of(path);
    if (ending != ".safetensors" && ending != ".npz" && ending != ".json") {
        throw FileError(path, "its ending is none of .safetensors, .npz and .json", "choose one of them");
    }
}

void save_tensors(const std::string& path, const NamedTensors& tensors) {
    check(path, tensors);
    check_saving_to(path);
    const std::string ending = ending_of(path);
    write_file(path, ending == ".safetensors" ? to_safetensors(path, tensors)
                     : ending == ".npz"       ? to_npz(path, tensors)
                                              : to_json(tensors));
}
