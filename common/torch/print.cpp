#include "common/torch/print.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "common/torch/number_style.hpp"

namespace torch {
namespace {

// Writes one element, and says how many columns it takes.
struct Writer {
    std::function<std::string(std::size_t flat)> element;
    std::size_t width;
};

// The visible positions of an axis; `gap` of them stand before the "...".
struct Positions {
    std::vector<std::size_t> shown;
    std::size_t gap = 0;  // 0: nothing is left out
};

class Printer {
  public:
    Printer(const AnyTensor& tensor, const PrintOptions& options)
        : shape_(tensor.shape),
          options_(options),
          summarize_(tensor.size() > options.threshold),
          writer_(std::visit([this](const auto& values) { return make_writer(values); }, tensor.values)) {}

    [[nodiscard]] std::string print() const {
        return "tensor(" + block(0, 0, std::string_view("tensor(").size()) + ")";
    }

  private:
    // One sub-tensor along `axis`: its first element is at `flat`, and its later lines start at `indent`.
    [[nodiscard]] std::string block(std::size_t axis, std::size_t flat, std::size_t indent) const {
        if (axis == shape_.size()) return writer_.element(flat);
        if (axis + 1 == shape_.size()) return "[" + line(axis, flat, indent) + "]";

        std::vector<std::string> blocks;
        const Positions positions = positions_of(axis);
        for (const std::size_t i : positions.shown) {
            blocks.push_back(block(axis + 1, flat + i * stride(axis), indent + 1));
        }
        if (positions.gap > 0) blocks.insert(blocks.begin() + to_offset(positions.gap), "...");

        // Blocks with more axes have more blank lines between them.
        const std::size_t line_breaks = shape_.size() - axis - 1;
        return "[" + join(blocks, "," + std::string(line_breaks, '\n') + std::string(indent + 1, ' ')) + "]";
    }

    // The innermost axis: each line holds as many elements as fit.
    [[nodiscard]] std::string line(std::size_t axis, std::size_t flat, std::size_t indent) const {
        std::vector<std::string> elements;
        const Positions positions = positions_of(axis);
        for (const std::size_t i : positions.shown) elements.push_back(writer_.element(flat + i));
        if (positions.gap > 0) elements.insert(elements.begin() + to_offset(positions.gap), " ...");

        const std::size_t room = options_.line_width - std::min(options_.line_width, indent);
        const std::size_t per_line = std::max<std::size_t>(1, room / (writer_.width + 2));
        std::string text;
        for (std::size_t i = 0; i < elements.size(); ++i) {
            const bool line_is_full = i % per_line == 0;
            if (i > 0) text += line_is_full ? ",\n" + std::string(indent + 1, ' ') : ", ";
            text += elements[i];
        }
        return text;
    }

    [[nodiscard]] Positions positions_of(std::size_t axis) const {
        Positions positions;
        const std::size_t size = shape_[axis], edge = options_.edge_items;
        for (std::size_t i = 0; i < size; ++i) {
            const bool left_out = summarize_ && size > 2 * edge && i >= edge && i < size - edge;
            if (left_out) positions.gap = edge;
            if (!left_out) positions.shown.push_back(i);
        }
        return positions;
    }

    // The positions of the visible elements: only they decide the style.
    void collect_visible(std::size_t axis, std::size_t flat, std::vector<std::size_t>& visible) const {
        if (axis == shape_.size()) {
            visible.push_back(flat);
            return;
        }
        for (const std::size_t i : positions_of(axis).shown) {
            collect_visible(axis + 1, flat + i * stride(axis), visible);
        }
    }

    template <class Read>
    [[nodiscard]] NumberStyle style_of(Read read) const {
        std::vector<std::size_t> visible;
        collect_visible(0, 0, visible);
        std::vector<double> values(visible.size());
        std::transform(visible.begin(), visible.end(), values.begin(), read);
        return {values, options_.precision};
    }

    [[nodiscard]] Writer make_writer(const std::vector<float>& values) const {
        const auto read = [&values](std::size_t i) { return static_cast<double>(values[i]); };
        const NumberStyle style = style_of(read);
        return {[read, style](std::size_t i) { return style.format(read(i)); }, style.width()};
    }

    [[nodiscard]] Writer make_writer(const std::vector<std::complex<float>>& values) const {
        const auto real = [&values](std::size_t i) { return static_cast<double>(values[i].real()); };
        const auto imag = [&values](std::size_t i) { return static_cast<double>(values[i].imag()); };
        const NumberStyle real_style = style_of(real), imag_style = style_of(imag);
        // 1.0000-2.0000j: the imaginary part loses its padding, and gets a plus if it has no minus.
        const auto element = [=](std::size_t i) {
            std::string part = imag_style.format(imag(i));
            part.erase(0, part.find_first_not_of(' '));
            const char* plus = part.starts_with('-') ? "" : "+";
            return real_style.format(real(i)) + plus + part + "j";
        };
        return {element, real_style.width() + imag_style.width() + 1};
    }

    [[nodiscard]] Writer make_writer(const std::vector<std::int64_t>& values) const {
        return padded([&values](std::size_t i) { return fmt::format("{}", values[i]); });
    }

    [[nodiscard]] Writer make_writer(const std::vector<bool>& values) const {
        return padded([&values](std::size_t i) { return std::string(values[i] ? "True" : "False"); });
    }

    template <class Write>
    [[nodiscard]] Writer padded(Write write) const {
        std::vector<std::size_t> visible;
        collect_visible(0, 0, visible);
        std::size_t width = 1;
        for (const std::size_t i : visible) width = std::max(width, write(i).size());
        return {[=](std::size_t i) { return fmt::format("{:>{}}", write(i), width); }, width};
    }

    [[nodiscard]] std::size_t stride(std::size_t axis) const {
        return std::accumulate(shape_.begin() + to_offset(axis) + 1, shape_.end(), std::size_t{1},
                               std::multiplies<>());
    }

    static std::ptrdiff_t to_offset(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

    static std::string join(const std::vector<std::string>& parts, const std::string& separator) {
        return fmt::format("{}", fmt::join(parts, separator));
    }

    const Shape& shape_;
    const PrintOptions& options_;
    bool summarize_;
    Writer writer_;
};

// An empty tensor: PyTorch writes its shape unless it is (0,), and its element type unless it is float32.
std::string empty_to_string(const AnyTensor& tensor) {
    constexpr std::array type_names = {"", ", dtype=torch.int64", ", dtype=torch.bool",
                                       ", dtype=torch.complex64"};
    const std::string size = tensor.shape.size() == 1 ? "" : ", size=" + ::to_string(tensor.shape);
    return fmt::format("tensor([]{}{})", size, type_names.at(tensor.values.index()));
}

}  // namespace

std::string to_string(const AnyTensor& tensor, const PrintOptions& options) {
    if (tensor.size() == 0) return empty_to_string(tensor);
    return Printer(tensor, options).print();
}

std::string size_to_string(const Shape& shape) {
    return fmt::format("torch.Size([{}])", fmt::join(shape, ", "));
}

}  // namespace torch
