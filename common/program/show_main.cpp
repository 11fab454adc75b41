// show FILE [NAME...]: prints the contents of a file of tensors.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <stdexcept>

#include "common/files/file_error.hpp"
#include "common/files/summary.hpp"
#include "common/files/tensor_file.hpp"
#include "common/printable.hpp"
#include "common/program/plain_number.hpp"
#include "common/render/text_layout.hpp"
#include "common/torch/print.hpp"
#include "common/write_out.hpp"
#include "version.hpp"

namespace {

constexpr const char* examples =
    "Examples:\n"
    "  ./walk show model.safetensors                 the names, types, shapes and ranges in it\n"
    "  ./walk show model.safetensors w_q w_k         two of its tensors, as PyTorch prints them\n"
    "  ./walk show embeddings.csv x --full           every element; a .csv or .npy has one tensor, x\n"
    "  ./walk show weights.npz attn_weights --precision 8\n\n"
    "Exit status: 0 all well, 2 a file or tensor that cannot be read, or bad usage.";

struct Request {
    std::string file;
    std::vector<std::string> names;  // none: the table
    torch::PrintOptions print;
};

using Row = std::array<std::string, 6>;

struct Answer {
    std::string text;
    int status = 0;
};

// A tensor that cannot be read has no range. The table still shows all other tensors.
Row row_of(const TensorFile& file, const TensorInfo& info, int digits, int& status) {
    Summary summary{"-", "-", "-"};
    try {
        summary = summarize(file.read(info.name), digits);
    } catch (const FileError& error) {
        write_error("show", error.what());
        status = 2;
    }
    return {printable(info.name), printable(info.dtype), to_string(info.shape),
            summary.min,          summary.max,           summary.mean};
}

// Names, types and shapes on the left of their columns, numbers on the right.
Answer table_of(const TensorFile& file, int digits) {
    std::vector<Row> rows{{"name", "dtype", "shape", "min", "max", "mean"}};
    int status = 0;
    for (const TensorInfo& info : file.tensors()) rows.push_back(row_of(file, info, digits, status));

    std::array<std::size_t, 6> widths{};
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
    }
    std::string table;
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool is_text = i < 3;
            table +=
                (i > 0 ? "  " : "") + (is_text ? pad_right(row[i], widths[i]) : pad_left(row[i], widths[i]));
        }
        table += "\n";
    }
    return {table, status};
}

// Each tensor under its name, which a single one does not need.
std::string tensors_of(const TensorFile& file, const Request& request) {
    std::string text;
    for (const std::string& name : request.names) {
        if (request.names.size() > 1) text += printable(name) + "\n";
        text += torch::to_string(file.read(name), request.print) + "\n";
    }
    return text;
}

Answer answer(const Request& request) {
    const std::unique_ptr<TensorFile> file = open_tensor_file(request.file);
    if (!request.names.empty()) return {tensors_of(*file, request)};
    return table_of(*file, std::max(1, request.print.precision));
}

// The text that --help or --version asks for, or nothing. Bad usage is a std::runtime_error.
std::optional<std::string> read_command_line(CLI::App& app, int argc, const char* const* argv) {
    try {
        app.parse(argc, argv);
        return std::nullopt;
    } catch (const CLI::CallForHelp&) {
        return app.help();
    } catch (const CLI::CallForVersion&) {
        return std::string(version_text) + "\n";
    } catch (const CLI::ParseError& error) {
        throw std::runtime_error(std::string(error.what()) + "; --help shows all options");
    }
}

}  // namespace

int main(int argc, char** argv) {
    Request request;
    bool full = false;
    CLI::App app("The tensors in a .safetensors, .npy, .npz or .csv file", "./walk show");
    app.footer(examples);
    app.set_version_flag("--version", std::string(version_text));
    app.add_option("FILE", request.file, "the file")->required()->type_name("");
    app.add_option("NAME", request.names, "tensors to print; none: a table of all")->type_name("");
    app.add_option("--precision", request.print.precision,
                   "digits after the point (in the table: significant ones), 0 to 16 (default 4)")
        ->check(plain_number)
        ->check(CLI::Range(0, 16))
        ->type_name("N");
    app.add_flag("--full", full, "no \"...\" in tensors of more than 1000 elements");

    try {
        if (const auto text = read_command_line(app, argc, argv)) {
            write_out(*text);
            return 0;
        }
        if (full) request.print.threshold = torch::PrintOptions::no_threshold;
        const auto [text, status] = answer(request);
        write_out(text);
        return status;
    } catch (const std::exception& error) {
        write_error("show", error.what());
        return 2;
    }
}
