#include "common/files/weight_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

WeightFile::WeightFile(const std::string& path, std::string prefix)
    : path_(path), prefix_(std::move(prefix)), file_(open_tensor_file(path)) {}

bool WeightFile::has(const std::string& name) const {
    return std::any_of(file_->tensors().begin(), file_->tensors().end(),
                       [&](const TensorInfo& info) { return info.name == prefix_ + name; });
}

bool WeightFile::has_any(const std::string& beginning) const {
    return std::any_of(file_->tensors().begin(), file_->tensors().end(),
                       [&](const TensorInfo& info) { return info.name.starts_with(prefix_ + beginning); });
}

std::vector<std::string> WeightFile::places_of(const std::string& ending) const {
    std::vector<std::string> places;
    for (const TensorInfo& info : file_->tensors()) {
        if (!info.name.starts_with(prefix_) || !info.name.ends_with(ending)) continue;
        if (info.name.size() < prefix_.size() + ending.size()) continue;
        const std::string place =
            info.name.substr(prefix_.size(), info.name.size() - prefix_.size() - ending.size());
        if (place.empty() || place.ends_with('.')) places.push_back(place);
    }
    return places;
}

const TensorInfo& WeightFile::info(const std::string& name) const {
    return file_->tensors()[file_->position_of(prefix_ + name)];
}

template <std::size_t N>
Tensor<N> WeightFile::read(const std::string& name, const Shape& shape, const char* meaning) {
    const AnyTensor tensor = file_->read(prefix_ + name);
    const std::optional<Tensor<N>> floats = float_tensor<N>(tensor);
    if (!floats || tensor.shape != shape) {
        throw std::invalid_argument(fmt::format("{}: {}{} is {}, expected floats of shape {} = {}", path_,
                                                prefix_, name, to_string(tensor.shape), to_string(shape),
                                                meaning));
    }
    used_.push_back(prefix_ + name);
    return *floats;
}

Matrix WeightFile::matrix(const std::string& name, std::size_t rows, std::size_t columns,
                          const char* meaning) {
    return read<2>(name, {rows, columns}, meaning);
}

Vector WeightFile::vector(const std::string& name, std::size_t size, const char* meaning) {
    return read<1>(name, {size}, meaning);
}

Tensor3 WeightFile::tensor3(const std::string& name, const Shape& shape, const char* meaning) {
    return read<3>(name, shape, meaning);
}

bool WeightFile::leave_out(const std::string& beginning) {
    for (const TensorInfo& info : file_->tensors()) {
        if (info.name.starts_with(prefix_ + beginning)) used_.push_back(info.name);
    }
    return has_any(beginning);
}

std::vector<std::string> WeightFile::unused() const {
    std::vector<std::string> names;
    for (const TensorInfo& info : file_->tensors()) {
        const bool is_used = std::find(used_.begin(), used_.end(), info.name) != used_.end();
        // Older checkpoints repeat the config's frequencies; others have a state of the training code.
        const bool is_nothing = info.name.ends_with("rotary_emb.inv_freq") ||
                                info.name.ends_with("rope.freqs") || info.name.ends_with("_extra_state");
        if (info.name.starts_with(prefix_) && !is_used && !is_nothing) names.push_back(info.name);
    }
    return names;
}

void refuse_unused(const std::vector<std::string>& unused, const std::string& path) {
    if (unused.empty()) return;
    throw std::invalid_argument(fmt::format(
        "{}: this chapter's layer has no place for {}; --prefix narrows the choice, --ignore-unused runs without",
        path, some_of(unused)));
}

std::string some_of(const std::vector<std::string>& names, std::size_t enough) {
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(enough, names.size()));
    const std::string more = names.size() > enough ? fmt::format(" and {} more", names.size() - enough) : "";
    return fmt::format("{}{}", fmt::join(names.begin(), end, ", "), more);
}

Tensor3 read_tokens(const std::string& path, std::size_t dim) {
    const AnyTensor tensor = open_tensor_file(path)->read("x");
    std::optional<Tensor3> x = float_tensor<3>(tensor);
    if (const std::optional<Matrix> sequence = float_tensor<2>(tensor)) {
        x = torch::view<3>(*sequence, {1, sequence->shape(0), sequence->shape(1)});
    }
    if (!x || x->shape(2) != dim || x->size() == 0) {
        throw std::invalid_argument(
            fmt::format("{}: x is {}, expected floats of shape (B, T, dim) or (T, dim) with dim = {}", path,
                        to_string(tensor.shape), dim));
    }
    return *x;
}
