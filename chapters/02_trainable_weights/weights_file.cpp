#include "chapters/02_trainable_weights/weights_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "common/files/tensor_file.hpp"

namespace ch2 {
namespace {

bool has(const TensorFile& file, const std::string& name) {
    return std::any_of(file.tensors().begin(), file.tensors().end(),
                       [&](const TensorInfo& info) { return info.name == name; });
}

// A tensor of floats with N axes. One of them must have this width.
template <std::size_t N>
Tensor<N> read(const TensorFile& file, const std::string& name, std::size_t axis, std::size_t width,
               const char* expected) {
    const AnyTensor tensor = file.read(name);
    const std::optional<Tensor<N>> floats = float_tensor<N>(tensor);
    if (!floats || floats->shape(axis) != width || floats->size() == 0) {
        throw std::invalid_argument(fmt::format("{} is {}, expected floats of shape {} with {} at axis {}",
                                                name, to_string(tensor.shape), expected, width, axis));
    }
    return *floats;
}

Linear read_projection(const TensorFile& file, const std::string& name, std::size_t d_in) {
    if (has(file, name)) return {torch::transpose(read<2>(file, name, 0, d_in, "(d_in, d_out)")), {}};
    Linear linear{read<2>(file, name + ".weight", 1, d_in, "(d_out, d_in)"), {}};
    if (has(file, name + ".bias")) {
        linear.bias = read<1>(file, name + ".bias", 0, linear.weight.shape(0), "(d_out,)");
    }
    return linear;
}

}  // namespace

LinearWeights read_weights(const OwnFiles& own, std::size_t d_in) {
    const auto file = open_tensor_file(own.weights.value());
    LinearWeights weights{read_projection(*file, own.prefix + "W_query", d_in),
                          read_projection(*file, own.prefix + "W_key", d_in),
                          read_projection(*file, own.prefix + "W_value", d_in)};
    if (weights.query.weight.shape(0) != weights.key.weight.shape(0)) {
        throw std::invalid_argument(
            fmt::format("{}: W_query has d_out = {} and W_key has {}; they must be equal", *own.weights,
                        weights.query.weight.shape(0), weights.key.weight.shape(0)));
    }
    return weights;
}

std::optional<Linear> read_out_proj(const OwnFiles& own, std::size_t d_out) {
    const auto file = open_tensor_file(own.weights.value());
    const std::string name = own.prefix + "out_proj";
    if (!has(*file, name + ".weight")) return std::nullopt;
    return read_projection(*file, name, d_out);
}

}  // namespace ch2
