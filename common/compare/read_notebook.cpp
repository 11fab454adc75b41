#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "common/compare/output_items.hpp"
#include "common/compare/read_prints.hpp"
#include "common/files/file_error.hpp"
#include "common/files/json_outline.hpp"

namespace {

using Json = nlohmann::json;

// Null for what is no JSON. A file that takes more memory than a notebook does is refused before it is
// parsed.
Json parsed(const std::string& path, std::string_view json) {
    if (outline_of_json(json, most_json_parts).parts == most_json_parts) {
        throw FileError(path, fmt::format("it has {} million parts or more", most_json_parts / 1'000'000),
                        "clear the outputs that are no text");
    }
    Json result = Json::parse(json, nullptr, false);
    return result.is_discarded() ? Json() : result;
}

// nbformat stores text as one string or as a list of lines.
std::string text_of(const Json& text) {
    if (text.is_string()) return text.get<std::string>();
    std::string joined;
    if (text.is_array()) {
        for (const Json& line : text) {
            if (line.is_string()) joined += line.get<std::string>();
        }
    }
    return joined;
}

// object[key], or null where there is none.
const Json& member(const Json& object, const char* key) {
    static const Json nothing;
    if (!object.is_object()) return nothing;
    const auto found = object.find(key);
    return found == object.end() ? nothing : *found;
}

// "In [12]" as the reader sees it; a cell without a number by its place.
std::string name_of(const Json& cell, std::size_t place) {
    const Json& count = member(cell, "execution_count");
    if (count.is_number_integer()) return fmt::format("In [{}]", count.get<std::int64_t>());
    return fmt::format("code cell {}", place);
}

// What the outputs of a notebook are made of.
class NotebookReader {
  public:
    explicit NotebookReader(const std::string& path) : printed(path) {}

    void read_cell(const Json& cell, std::size_t place) {
        const std::string source = text_of(member(cell, "source"));
        where_ = name_of(cell, place);
        names_.forget();
        for (PrintedExpression& expression : printed_expressions(source)) names_.add(std::move(expression));

        // A print may be spread over several outputs of the stream.
        std::string stream;
        const Json& outputs = member(cell, "outputs");
        if (!outputs.is_array()) return;
        for (const Json& output : outputs) {
            const Json& type = member(output, "output_type");
            has_outputs = true;
            if (type == "stream" && member(output, "name") != "stderr") {
                stream += text_of(member(output, "text"));
                continue;
            }
            read_output(stream, names_);
            stream.clear();
            const Json& data = member(output, "data");
            const std::string text = text_of(member(data, "text/plain"));
            if (text.empty() && data.is_object() && !data.empty()) has_other_than_text = true;
            if (type == "execute_result") {
                ValueNames result;
                result.add({"", last_expression(source)});
                read_output(text, result);
            } else if (type == "display_data") {
                read_output(text, names_);
            }
        }
        read_output(stream, names_);
    }

    PrintCollector printed;
    bool has_outputs = false;
    bool has_other_than_text = false;

  private:
    void read_output(const std::string& output, ValueNames& names) {
        for_each_item(output, false, [&](OutputItem&& item) {
            names.see(item);
            if (!item.value) return;
            item.value->where = where_;
            printed.add(std::move(*item.value));
        });
    }

    std::string where_;
    ValueNames names_;
};

}  // namespace

std::vector<PrintedTensor> read_notebook(const std::string& path, std::string_view json) {
    const Json notebook = parsed(path, json);
    if (!notebook.is_object()) {
        throw FileError(path, "this is no notebook: it is not JSON",
                        "save it again in Jupyter, or give it as .txt");
    }
    if (member(notebook, "worksheets").is_array() || member(notebook, "nbformat") == 3) {
        throw FileError(path, "the notebook is in the old nbformat 3",
                        "jupyter nbconvert --to notebook --nbformat 4 converts it");
    }
    const Json& cells = member(notebook, "cells");
    if (!cells.is_array())
        throw FileError(path, "this is no notebook: it has no cells", "save it again in Jupyter");

    NotebookReader reader(path);
    std::size_t place = 0;
    for (const Json& cell : cells) {
        if (member(cell, "cell_type") == "code") reader.read_cell(cell, ++place);
    }
    if (!reader.has_outputs) {
        throw FileError(path, "the notebook has no outputs", "run all its cells, save it, and compare again");
    }
    std::vector<PrintedTensor> printed = reader.printed.take();
    if (printed.empty() && reader.has_other_than_text) {
        throw FileError(path, "its outputs are pictures or HTML, without text",
                        "print the tensors with print(...)");
    }
    return printed;
}
