// --compare as people run it: the right notebooks, and each mistake in the table of each chapter.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "chapters/01_simplified_self_attention/mistakes.hpp"
#include "chapters/02_trainable_weights/mistakes.hpp"
#include "chapters/03_causal_mask_and_dropout/mistakes.hpp"
#include "chapters/04_multi_head_attention/mistakes.hpp"
#include "chapters/05_grouped_query_attention/mistakes.hpp"
#include "chapters/06_rotary_position_embedding/mistakes.hpp"
#include "chapters/07_multi_head_latent_attention/mistakes.hpp"
#include "chapters/08_llama_4/mistakes.hpp"
#include "chapters/09_every_model/mistakes.hpp"
#include "chapters/10_flash_attention/mistakes.hpp"
#include "common/torch/print.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/notebooks.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using Json = nlohmann::json;

Finished compare_with(int chapter, const std::string& path, const std::string& options = "") {
    return run_piped(program(chapter) + " --compare '" + path + "' " + options, {"LANG=C.UTF-8"});
}

std::vector<const ReferencePrint*> prints_of(int chapter) {
    std::vector<const ReferencePrint*> prints;
    for (const ReferencePrint& print : reference_prints()) {
        if (print.chapter == chapter) prints.push_back(&print);
    }
    return prints;
}

// The first cause that a report shows: {"id", "tensor"}, or two empty strings.
std::pair<std::string, std::string> first_cause(const Json& report) {
    for (const Json& tensor : report.at("tensors")) {
        if (tensor.contains("cause")) return {tensor["cause"]["id"], tensor["printed_as"]};
    }
    return {};
}

// What the chapter prints if somebody makes this mistake; a size follows from its tensor.
std::vector<std::string> prints_under(const Mistake& mistake,
                                      const std::vector<const ReferencePrint*>& prints) {
    std::map<std::string, std::string> mistaken;
    for (const auto& [name, tensor] : mistake.tensors()) {
        mistaken[name] = torch::to_string(tensor);
        const std::size_t stem = name.ends_with(".2") ? name.size() - 2 : name.size();
        mistaken[name.substr(0, stem) + ".shape" + name.substr(stem)] = torch::size_to_string(tensor.shape);
    }
    std::map<std::string, int> seen;
    std::vector<std::string> texts;
    for (const ReferencePrint* print : prints) {
        const int count = ++seen[print->name];
        const auto found = mistaken.find(count == 1 ? print->name : fmt::format("{}.{}", print->name, count));
        const std::size_t value = std::min(print->text.find("tensor("), print->text.find("torch.Size("));
        texts.push_back(found == mistaken.end() ? print->text : print->text.substr(0, value) + found->second);
    }
    return texts;
}

Mistakes mistakes_of(int chapter) {
    const std::vector tables = {ch1::mistakes, ch2::mistakes, ch3::mistakes, ch4::mistakes, ch5::mistakes,
                                ch6::mistakes, ch7::mistakes, ch8::mistakes, ch9::mistakes, ch10::mistakes};
    return tables.at(static_cast<std::size_t>(chapter - 1))();
}

}  // namespace

TEST_CASE("compare: a saved notebook agrees 34 of 34") {
    const TemporaryFolder folder;
    std::vector<const ReferencePrint*> prints;
    std::vector<std::string> texts;
    for (const ReferencePrint& print : reference_prints()) {
        if (print.cell == 0) continue;
        prints.push_back(&print);
        texts.push_back(print.text);
    }
    const std::string path = folder.file("notebook.txt", saved_text(prints, texts));
    std::size_t agree = 0;
    for (int chapter = 1; chapter <= 4; ++chapter) {
        const Finished finished = compare_with(chapter, path, "--json");
        CAPTURE(finished.output, finished.errors);
        CHECK(finished.status == 0);
        agree += Json::parse(finished.output).at("agree").get<std::size_t>();
    }
    CHECK(agree == 34);
}

TEST_CASE("compare: every mistake in the tables is found by its numbers") {
    const TemporaryFolder folder;
    const int chapter = GENERATE(range(1, chapter_count + 1));
    const std::vector<const ReferencePrint*> prints = prints_of(chapter);
    for (const Mistake& mistake : mistakes_of(chapter)) {
        const std::string path =
            folder.file("notebook.txt", saved_text(prints, prints_under(mistake, prints)));
        const Finished finished = compare_with(chapter, path, "--json");
        CAPTURE(chapter, mistake.id, mistake.cause, finished.output, finished.errors);
        CHECK(finished.status == 1);
        const Json report = Json::parse(finished.output);
        CHECK(first_cause(report).first == mistake.id);
        for (const Json& tensor : report.at("tensors")) {
            if (tensor["result"] == "differs")
                CHECK((tensor.contains("cause") || tensor.contains("follows_from")));
        }
    }
}

TEST_CASE("compare: the companion notebooks agree, and get no hint") {
    const std::filesystem::path notebooks = SOURCE_DIR "/data/notebooks";
    int compared = 0;
    for (const auto& entry : std::filesystem::directory_iterator(notebooks)) {
        if (entry.path().extension() != ".ipynb") continue;
        const int chapter = std::stoi(entry.path().filename().string().substr(0, 2));
        const Finished finished = compare_with(chapter, entry.path(), "--json");
        CAPTURE(entry.path(), finished.output, finished.errors);
        CHECK(finished.status == 0);
        CHECK(first_cause(Json::parse(finished.output)).first == "");
        ++compared;
    }
    CHECK(compared == chapter_count);
}

TEST_CASE("compare: of every planted mistake the first cause shown is the planted one") {
    const std::string folder = SOURCE_DIR "/tests/planted/";
    const Json planted = Json::parse(contents_of(folder + "planted.json"));
    for (const Json& entry : planted) {
        const Finished finished =
            compare_with(entry["chapter"], folder + entry["file"].get<std::string>(), "--json");
        CAPTURE(entry["file"], finished.output, finished.errors);
        CHECK(finished.status == 1);
        const Json report = Json::parse(finished.output);
        CHECK(first_cause(report).first == entry["cause"].get<std::string>());

        // It stands at the first tensor that is wrong, and everything else that differs is explained.
        bool first = true;
        for (const Json& tensor : report.at("tensors")) {
            if (tensor["result"] != "differs") continue;
            if (first)
                CHECK(tensor["name"].get<std::string>().starts_with(entry["tensor"].get<std::string>()));
            CHECK((tensor.contains("cause") || tensor.contains("follows_from")));
            first = false;
        }
    }
    CHECK(planted.size() >= 20);
}

TEST_CASE("compare: other seeds and the other dropout are tried") {
    const TemporaryFolder folder;
    const auto cause_of = [&](const std::string& options) {
        const std::string path = folder.path("log.txt");
        run_piped(program(3) + " " + options + " > '" + path + "'", {"LANG=C.UTF-8"});
        return first_cause(Json::parse(compare_with(3, path, "--json").output)).first;
    };
    CHECK(cause_of("") == "");
    CHECK(cause_of("--precision 7") == "");
    CHECK(cause_of("--seed 42") == "other-seed");
    CHECK(cause_of("--dropout-rng generic") == "dropout-other-build");
    CHECK(cause_of("--seed 42 --dropout-rng generic") == "other-seed");
    CHECK(cause_of("--seed 987654321") == "");
}

TEST_CASE("compare: saved tensors are compared with all their digits") {
    const TemporaryFolder folder;
    for (const char* ending : {"safetensors", "npz"}) {
        const std::string path = folder.path(std::string("saved.") + ending);
        run_piped(program(4) + " --scoreboard --save '" + path + "'", {});
        const Finished finished = compare_with(4, path, "--json");
        CAPTURE(finished.output, finished.errors);
        const Json report = Json::parse(finished.output);
        CHECK(report["differ"] == 0);
        CHECK(report["agree"] > 10);
        CHECK(report["not_found"] == 3);  // sizes are not saved
    }
}

TEST_CASE("compare: reports, statuses and errors on the command line") {
    const TemporaryFolder folder;
    const std::string right = SOURCE_DIR "/data/notebooks/01_simplified_self_attention.ipynb";
    const std::string wrong = SOURCE_DIR "/tests/planted/01_softmax_wrong_axis.ipynb";
    CHECK(compare_with(1, right, "--scoreboard").output == "chapter 1  7 of 7 tensors agree\n");
    CHECK(has(compare_with(1, wrong, "--color always").output, "\x1b[31m✗"));

    const std::string xml = folder.path("report.xml");
    CHECK(compare_with(1, wrong, "--junit '" + xml + "'").status == 1);
    CHECK(has(contents_of(xml), "<failure type=\"softmax-wrong-axis\""));

    const auto refused = [&](const std::string& path, const std::string& options = "") {
        const Finished finished = compare_with(1, path, options);
        CAPTURE(path, options, finished.output);
        CHECK(finished.status == 2);
        CHECK(finished.output == "");
        CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
        return finished.errors;
    };
    CHECK(has(refused(folder.path("missing.ipynb")), "missing.ipynb"));
    CHECK(has(refused(folder.file("html.ipynb", "<html>")), "not JSON"));
    CHECK(has(refused(folder.file("t.txt", "foo: tensor([[[[[1.]]]]])")), "belongs to chapter 1"));
    CHECK(has(refused(right, "--junit /nonexistent/report.xml"), "/nonexistent/report.xml"));
    CHECK(has(refused(right, "--tensors-only"), "--tensors-only and --compare do not go together"));
    CHECK(has(run_piped(program(1) + " --json", {}).errors, "--compare"));
}
