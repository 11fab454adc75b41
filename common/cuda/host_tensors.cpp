#include "common/cuda/host_tensors.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

std::size_t count(std::initializer_list<int> sizes) {
    std::size_t product = 1;
    for (const int size : sizes) product *= static_cast<std::size_t>(size);
    return product;
}

void check_sizes(const char* what, std::initializer_list<std::pair<const char*, int>> sizes) {
    for (const auto& [name, size] : sizes) {
        if (size >= 1) continue;
        throw std::invalid_argument(std::string(what) + ": " + name + " is " + std::to_string(size) +
                                    ", and must be at least 1");
    }
}

void check_size(const char* name, std::size_t elements, std::initializer_list<int> shape) {
    if (elements == count(shape)) return;
    std::string sizes;
    for (const int size : shape) sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(elements) +
                                " numbers, and its shape is (" + sizes + ")");
}

std::vector<bf16> rounded_to_bf16(const std::vector<float>& numbers) {
    std::vector<bf16> rounded(numbers.size());
    std::transform(numbers.begin(), numbers.end(), rounded.begin(), to_bf16);
    return rounded;
}

std::vector<float> as_floats(const std::vector<bf16>& numbers) {
    std::vector<float> floats(numbers.size());
    std::transform(numbers.begin(), numbers.end(), floats.begin(),
                   [](bf16 number) { return to_float(number); });
    return floats;
}

std::vector<float> pad_rows(const std::vector<float>& rows, int width, int wider) {
    std::vector<float> padded(rows.size() / count({width}) * count({wider}));
    for (std::size_t i = 0; i < rows.size() / count({width}); ++i) {
        std::copy_n(rows.begin() + static_cast<long>(i * count({width})), width,
                    padded.begin() + static_cast<long>(i * count({wider})));
    }
    return padded;
}

std::vector<float> cut_rows(const std::vector<float>& rows, int width, int narrower) {
    std::vector<float> cut(rows.size() / count({width}) * count({narrower}));
    for (std::size_t i = 0; i < rows.size() / count({width}); ++i) {
        std::copy_n(rows.begin() + static_cast<long>(i * count({width})), narrower,
                    cut.begin() + static_cast<long>(i * count({narrower})));
    }
    return cut;
}

std::vector<float> drawn_numbers(std::size_t size) {
    static std::mt19937 generator(1);
    std::uniform_real_distribution<float> uniform(-1.7f, 1.7f);
    std::vector<float> drawn(size);
    for (float& number : drawn) number = uniform(generator);
    return drawn;
}
