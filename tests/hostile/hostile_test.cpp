// Hostile and clumsy inputs. Each line of the tables in this folder is one: a file's contents, a command, its
// exit status, and the first words of what it says. README.md beside them explains how to read and add lines.
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "common/files/npy.hpp"
#include "common/files/npz.hpp"
#include "common/files/tensor_file.hpp"
#include "common/printable.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;

// --- the tables

struct Row {
    std::string contents, command, words;
    int status = 0;
};

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

// Contents, command, exit status, first words, with tabs between them. Lines with # are comments.
std::vector<Row> rows_of(const std::string& table) {
    std::vector<Row> rows;
    for (const std::string& line : split(contents_of(SOURCE_DIR "/tests/hostile/" + table), '\n')) {
        if (line.empty() || line.starts_with('#')) continue;
        const std::vector<std::string> columns = split(line, '\t');
        INFO(line);
        REQUIRE(columns.size() >= 3);
        rows.push_back({columns[0], columns[1], columns.size() > 3 ? columns[3] : "", std::stoi(columns[2])});
    }
    return rows;
}

// What may stand in a cell: \n \t \r \\ \xff, and <1000*ab> for a thousand times ab.
std::string unescaped(const std::string& cell) {
    const std::map<char, char> letters = {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'\\', '\\'}};
    std::string text;
    for (std::size_t i = 0; i < cell.size(); ++i) {
        const std::size_t star = cell.find('*', i), close = cell.find('>', i);
        const bool repeats = cell[i] == '<' && star < close && close != std::string::npos &&
                             cell.find_first_not_of("0123456789", i + 1) == star && star > i + 1;
        if (repeats) {
            const std::string part = unescaped(cell.substr(star + 1, close - star - 1));
            for (int count = std::stoi(cell.substr(i + 1)); count > 0; --count) text += part;
            i = close;
        } else if (cell[i] == '\\' && cell.substr(i).starts_with("\\x")) {
            text += static_cast<char>(std::stoi(cell.substr(i + 2, 2), nullptr, 16));
            i += 3;
        } else if (cell[i] == '\\') {
            text += letters.at(cell.at(++i));
        } else {
            text += cell[i];
        }
    }
    return text;
}

// --- files of each kind

// "TEXT + 8": a text and so many bytes of data behind it.
struct TextAndData {
    std::string text, data;
};
TextAndData text_and_data(const std::string& contents) {
    const std::size_t plus = contents.rfind(" + ");
    if (plus == std::string::npos) return {unescaped(contents), ""};
    return {unescaped(contents.substr(0, plus)), std::string(std::stoul(contents.substr(plus + 3)), '\x3f')};
}

// "HEADER + 8", or "7: HEADER + 8" with a length of the header that is a lie.
std::string safetensors(const std::string& contents) {
    const std::size_t digits = std::min(contents.find_first_not_of("0123456789"), contents.size());
    const bool lies = digits > 0 && contents.substr(digits).starts_with(": ");
    const auto [header, data] = text_and_data(lies ? contents.substr(digits + 2) : contents);
    return bytes_of<std::uint64_t>(lies ? std::stoull(contents) : header.size()) + header + data;
}

// "DICT + 8", or "version 3: DICT + 8".
std::string npy(const std::string& contents) {
    const std::string word = "version ";
    const bool has_version = contents.starts_with(word);
    const auto version = static_cast<char>(has_version ? std::stoi(contents.substr(word.size())) : 1);
    const auto [dict, data] =
        text_and_data(has_version ? contents.substr(contents.find(": ") + 2) : contents);
    const std::string length = version == 1 ? bytes_of(static_cast<std::uint16_t>(dict.size()))
                                            : bytes_of(static_cast<std::uint32_t>(dict.size()));
    return std::string("\x93NUMPY") + version + '\0' + length + dict + data;
}

const NamedTensors two_tensors = {{"aa", tensor<float>({2, 2}, {0.5f, -1.0f, 2.0f, 4.0f})},
                                  {"bb", tensor<std::int64_t>({3}, {1, 2, 3})}};

// A good file of two tensors with one thing done to it: "cut 30" bytes are left, "set 30 ff" is another byte,
// "swap aa bb" other letters throughout, "append xy" more behind it.
std::string damaged(std::string bytes, const std::string& contents) {
    const std::vector<std::string> words = split(contents, ' ');
    if (words.at(0) == "cut") {
        bytes.resize(std::stoul(words.at(1)));
    } else if (words.at(0) == "set") {
        bytes.at(std::stoul(words.at(1))) = static_cast<char>(std::stoi(words.at(2), nullptr, 16));
    } else if (words.at(0) == "append") {
        bytes += unescaped(words.at(1));
    } else if (words.at(0) == "swap") {
        const std::string from = words.at(1), to = unescaped(words.at(2));
        for (std::size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1)) {
            bytes.replace(at, from.size(), to);
        }
    } else {
        throw std::runtime_error("unknown damage: " + contents);
    }
    return bytes;
}
std::string damaged_npz(const std::string& contents) {
    return damaged(to_npz("", two_tensors), contents);
}

// "reference {...}" or "hugging_face {...}" is what is changed in a good config of chapter 8. A field that is
// null is taken away. Anything else is the whole text.
std::string llama4_config(const std::string& contents) {
    const std::map<std::string, std::string> good = {
        {"reference", R"({"dim": 6, "n_layers": 2, "n_heads": 3, "n_kv_heads": 1, "vocab_size": 9,
            "attention_chunk_size": 3, "nope_layer_interval": 2, "moe_args": {"num_experts": 3, "top_k": 1}})"},
        {"hugging_face", R"({"hidden_size": 6, "num_hidden_layers": 2, "num_attention_heads": 3,
            "num_key_value_heads": 1, "head_dim": 2, "vocab_size": 9, "intermediate_size": 4,
            "intermediate_size_mlp": 5, "num_local_experts": 3, "num_experts_per_tok": 1,
            "attention_chunk_size": 3})"}};
    const std::size_t space = contents.find(' ');
    const auto kind = good.find(contents.substr(0, space));
    if (kind == good.end()) return unescaped(contents);
    nlohmann::json config = nlohmann::json::parse(kind->second);
    config.merge_patch(nlohmann::json::parse(unescaped(contents.substr(space))));
    return config.dump();
}

// "gemma2 {...}" is what is changed in the config of a model of data/models. A field that is null is taken
// away. Anything else is the whole text.
std::string recipe_config(const std::string& contents) {
    const std::size_t space = contents.find(' ');
    const std::string path = SOURCE_DIR "/data/models/" + contents.substr(0, space) + "/config.json";
    if (space == std::string::npos || !fs::exists(path)) return unescaped(contents);
    nlohmann::json config = nlohmann::json::parse(contents_of(path));
    const nlohmann::json changes = nlohmann::json::parse(unescaped(contents.substr(space)));
    for (const auto& [field, value] : changes.items()) {
        if (value.is_null()) {
            config.erase(field);
        } else {
            config[field] = value;
        }
    }
    return config.dump();
}

// --- the folder in which the commands run

class Workplace {
  public:
    Workplace() {
        fs::create_directory(path("bin"));
        for (int chapter = 1; chapter <= chapter_count; ++chapter) {
            add_program("walk" + std::to_string(chapter), folder(chapter));
        }
        add_program("show", "show");
        add_program("html_index", "html_index");

        // Good files, for commands that go wrong elsewhere.
        fs::create_directory(path("here"));
        const std::vector<float> numbers = {0.5f, 1.0f, -1.0f, 2.0f, 0.25f, 3.0f};
        save_tensors(path("here/in.safetensors"), {{"x", tensor<float>({3, 2}, numbers)}});
        save_tensors(path("here/good.npz"), two_tensors);
        write("here/in.csv", "1,2\n3,4\n");
        write("here/layer.json", R"({"dim": 4, "n_heads": 2, "n_kv_heads": 1, "max_seq_len": 8})");
        write("here/latent.json", R"({"dim": 4, "n_heads": 2, "q_lora_rank": 0, "kv_lora_rank": 2,
            "qk_nope_head_dim": 2, "qk_rope_head_dim": 2, "v_head_dim": 2, "max_seq_len": 8})");
        REQUIRE(run("walk1 --tensors-only > prints.txt && walk1 --save prints.npz --scoreboard").status == 0);
    }

    void write(const std::string& name, const std::string& contents) const {
        std::ofstream(path(name), std::ios::binary) << contents;
    }
    [[nodiscard]] Finished run(const std::string& command) const {
        return run_piped("PATH='" + path("bin") + "':$PATH; cd '" + path("here") + "' && " + command,
                         {"LANG=C.UTF-8", "HOME=/nonexistent"});
    }

    // Every file with what makes it what it is: kind, permissions, and contents or where it leads to.
    [[nodiscard]] std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator(path("here"))) {
            struct stat facts {};
            lstat(entry.path().c_str(), &facts);
            all[entry.path()] =
                std::to_string(facts.st_mode) + (entry.is_symlink() ? fs::read_symlink(entry.path()).string()
                                                 : entry.is_regular_file() ? contents_of(entry.path())
                                                                           : "");
        }
        return all;
    }

    void remove_all_but(const std::map<std::string, std::string>& kept) const {
        CHECK(run("chmod -R u+rwX .").status == 0);
        for (const auto& [file, what] : files()) {
            if (!kept.contains(file)) fs::remove_all(file);
        }
    }

  private:
    [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }

    // A program that has not answered after 20 seconds ends with status 124.
    void add_program(const std::string& name, const std::string& file) const {
        write("bin/" + name, "#!/bin/sh\nexec timeout 20 '" PROGRAM_DIR "/" + file + "' \"$@\"\n");
        fs::permissions(path("bin/" + name), fs::perms::owner_all);
    }

    TemporaryFolder folder_;
};

// "walk 3: x.csv: ..." -> "x.csv: ..."
std::string without_program(const std::string& line) {
    for (const std::string program : {"show: ", "html_index: "}) {
        if (line.starts_with(program)) return line.substr(program.size());
    }
    return line.starts_with("walk ") ? line.substr(std::min(line.find(": ") + 2, line.size())) : line;
}

bool is_printable(const std::string& text) {
    const std::vector<std::string> lines = split(text, '\n');
    return std::all_of(lines.begin(), lines.end(),
                       [](const std::string& line) { return printable(line) == line; });
}

using Make = std::function<std::string(const std::string&)>;

// Runs a table. `prepare` is given each row's first column.
void run_table(const std::string& table,
               const std::function<bool(const Workplace&, const std::string&)>& prepare) {
    const Workplace workplace;
    const auto at_first = workplace.files();
    const std::vector<Row> rows = rows_of(table);
    REQUIRE(rows.size() >= 10);
    for (const Row& row : rows) {
        if (!prepare(workplace, row.contents)) {
            WARN("left out, because this user cannot do it: " << row.contents);
            continue;
        }
        const auto before = workplace.files();
        const Finished finished = workplace.run(row.command);
        INFO(row.contents << "   " << row.command << "\n" << finished.errors);
        CHECK(finished.status == row.status);
        CHECK(is_printable(finished.output));
        CHECK(is_printable(finished.errors));
        CHECK((workplace.files() == before));
        if (row.status == 2) {
            CHECK(finished.output.empty());
            CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
            CHECK(without_program(finished.errors).substr(0, row.words.size()) == row.words);
        } else {
            CHECK(finished.errors.empty());
            CHECK(has(finished.output, row.words));
        }
        workplace.remove_all_but(at_first);
    }
}

// A table whose first column is the contents of `file`.
void run_table_of_files(const std::string& table, const std::string& file, const Make& make) {
    run_table(table, [&](const Workplace& workplace, const std::string& contents) {
        workplace.write("here/" + file, make(contents));
        return true;
    });
}

// A table whose first column is a command that prepares the folder; "-" does nothing.
void run_table_of_places(const std::string& table) {
    run_table(table, [](const Workplace& workplace, const std::string& command) {
        return command == "-" || workplace.run(command).status == 0;
    });
}

}  // namespace

TEST_CASE("hostile: safetensors") {
    run_table_of_files("safetensors.tsv", "x.safetensors", safetensors);
}
TEST_CASE("hostile: npy") {
    run_table_of_files("npy.tsv", "x.npy", npy);
}
TEST_CASE("hostile: npz") {
    run_table_of_files("npz.tsv", "x.npz", damaged_npz);
}
TEST_CASE("hostile: csv") {
    run_table_of_files("csv.tsv", "x.csv", unescaped);
}
TEST_CASE("hostile: configs of chapters 5 and 6") {
    run_table_of_files("configs.tsv", "config.json", unescaped);
}
TEST_CASE("hostile: configs of chapter 7") {
    run_table_of_files("latent_configs.tsv", "config.json", unescaped);
}
TEST_CASE("hostile: configs of chapter 8") {
    run_table_of_files("llama4_configs.tsv", "config.json", llama4_config);
}
TEST_CASE("hostile: configs of chapter 9") {
    run_table_of_files("recipe_configs.tsv", "config.json", recipe_config);
}
TEST_CASE("hostile: notebooks") {
    run_table_of_files("notebooks.tsv", "x.ipynb", unescaped);
}
TEST_CASE("hostile: texts") {
    run_table_of_files("texts.tsv", "x.txt", unescaped);
}
TEST_CASE("hostile: options") {
    run_table_of_places("options.tsv");
}
TEST_CASE("hostile: devices, links, pipes and folders") {
    run_table_of_places("places.tsv");
}
