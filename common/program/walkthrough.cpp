#include "common/program/walkthrough.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "common/compare/compare_file.hpp"
#include "common/document/judge.hpp"
#include "common/files/output_target.hpp"
#include "common/files/tensor_file.hpp"
#include "common/printable.hpp"
#include "common/program/present.hpp"
#include "common/render/render_tensors.hpp"
#include "common/write_out.hpp"

namespace {

// What --save writes: every shown tensor, then what was kept. A name that comes again gets a number.
NamedTensors all_tensors(const Document& document) {
    NamedTensors tensors;
    std::map<std::string, int> seen;
    const auto add = [&](const std::string& name, const AnyTensor& tensor) {
        const int count = ++seen[name];
        tensors.emplace_back(count == 1 ? name : fmt::format("{}.{}", name, count), tensor);
    };
    for_each_shown(document, [&](const Shown& shown) {
        if (const auto* tensor = std::get_if<AnyTensor>(&shown.value)) add(shown.name, *tensor);
    });
    for (const auto& [name, tensor] : document.kept) {
        if (!seen.contains(name)) add(name, tensor);
    }
    return tensors;
}

// Where a walk shows a part of the chapter, these are the prints that can be reproduced.
int prints_shown(const Document& document) {
    int prints = 0;
    for_each_shown(document, [&](const Shown& shown) { prints += shown.verdict ? 1 : 0; });
    return prints;
}

// Refuses an output that would overwrite one of the reader's input files.
void check_files(const Options& options) {
    std::vector<NamedFile> inputs, outputs;
    const auto add = [](std::vector<NamedFile>& files, const char* option,
                        const std::optional<std::string>& path) {
        if (path) files.push_back({option, *path});
    };
    add(inputs, "--config", options.own.config);
    add(inputs, "--weights", options.own.weights);
    add(inputs, "--input", options.own.input);
    add(inputs, "--compare", options.compare.file);
    add(outputs, "--save", options.save);
    add(outputs, "--html", options.html);
    add(outputs, "--junit", options.compare.junit);
    if (options.compare.json) outputs.push_back({"--json", "-"});
    check_outputs(inputs, outputs);
    if (options.save) check_saving_to(*options.save);
}

}  // namespace

Walkthrough::Walkthrough(Chapter chapter, Options options) : options_(options) {
    document_.chapter = std::move(chapter);
}

std::uint64_t Walkthrough::seed(std::uint64_t notebook_seed) {
    seed_used_ = true;
    return options_.seed.value_or(notebook_seed);
}

torch::DropoutRng Walkthrough::dropout_rng() {
    dropout_rng_used_ = true;
    if (options_.dropout_rng != torch::DropoutRng::mkl) expects_differences("the notebook's dropout is mkl");
    return options_.dropout_rng;
}

void Walkthrough::keep(std::string name, AnyTensor value) {
    document_.kept.emplace_back(std::move(name), std::move(value));
}

void Walkthrough::section(std::string number, std::string title) {
    document_.parts.emplace_back(Section{std::move(number), std::move(title)});
}

Step& Walkthrough::step(const std::string& title, const std::string& text) {
    document_.parts.emplace_back(Step{printable(title), printable(text), "", {}});
    return std::get<Step>(document_.parts.back());
}

bool Walkthrough::shows_steps() const {
    const bool told =
        options_.output == Options::Output::walkthrough || options_.output == Options::Output::page;
    return told && !options_.compare.file;
}

int Walkthrough::finish(bool speaks) {
    refuse_unused_options();
    const bool is_judged = no_figures_.empty() && !options_.own.any() && !options_.seed;
    Score score = is_judged ? judge(document_) : Score{};
    if (!part_.empty()) score.expected = prints_shown(document_);
    const int status = score.reproduced == score.expected || !other_numbers_.empty() ? 0 : 1;
    if (!speaks) return status;

    if (options_.save) save_tensors(*options_.save, all_tensors(document_));
    const std::string closing = closing_line(score);
    switch (options_.output) {
        case Options::Output::tensors_only:
            write_out(render_tensors(document_, options_.print));
            break;
        case Options::Output::scoreboard:
            write_out(closing + "\n");
            break;
        case Options::Output::page:
            write_page(document_, *options_.html, options_.print, closing);
            break;
        case Options::Output::walkthrough:
            show_in_terminal(document_, fmt::format("walk {}", document_.chapter.number), options_.step,
                             options_.color, options_.print, closing);
            break;
    }
    return status;
}

// Only the walk knows whether it draws random numbers: with weights and an input of the reader's it draws
// none.
void Walkthrough::refuse_unused_options() const {
    if (options_.seed && !seed_used_) {
        throw UsageError("--seed changes nothing here: no random number is drawn; leave it out");
    }
    if (options_.dropout_rng != torch::DropoutRng::mkl && !dropout_rng_used_) {
        throw UsageError("--dropout-rng changes nothing here: no dropout mask is drawn; leave it out");
    }
}

std::string Walkthrough::closing_line(const Score& score) const {
    const int chapter = document_.chapter.number;
    const std::string_view source = has_notebook(chapter) ? "notebook" : "PyTorch",
                           whose = has_notebook(chapter) ? "the notebook's" : "PyTorch's";
    if (!no_figures_.empty()) return fmt::format("chapter {}  {}", chapter, no_figures_);
    if (options_.own.any()) {
        return fmt::format("chapter {}  on your own files: {} figures do not apply", chapter, whose);
    }
    if (options_.seed) {
        return fmt::format("chapter {}  with your own seed: {} figures do not apply", chapter, whose);
    }
    const bool differs = score.reproduced < score.expected && !other_numbers_.empty();
    return fmt::format("chapter {}  {}{} of {} {} prints reproduced{}", chapter,
                       part_.empty() ? "" : part_ + ", ", score.reproduced, score.expected, source,
                       differs ? fmt::format(" ({})", other_numbers_) : "");
}

namespace {

int compare(Walkthrough& told, const Walk& walk, const Options& options) {
    const Retell retell = [&](std::optional<std::uint64_t> seed, torch::DropoutRng dropout_rng) {
        Options others = options;
        if (seed) others.seed = seed;
        others.dropout_rng = dropout_rng;
        Walkthrough again(walk.chapter, others);
        walk.tell(again);
        return again.document();
    };
    told.refuse_unused_options();
    return compare_file(told.document(), options.compare, options.color, walk.mistakes(), retell,
                        walk.speaks);
}

}  // namespace

int walk_through(const Walk& walk, int argc, const char* const* argv) {
    try {
        const Invocation invocation = parse_command_line(walk.chapter, walk.options, argc, argv);
        if (invocation.print_and_stop) {
            if (walk.speaks) write_out(*invocation.print_and_stop);
            return 0;
        }
        check_files(invocation.options);
        Walkthrough told(walk.chapter, invocation.options);
        walk.tell(told);
        if (invocation.options.compare.file) return compare(told, walk, invocation.options);
        return told.finish(walk.speaks);
    } catch (const std::exception& error) {
        if (walk.speaks) write_error(fmt::format("walk {}", walk.chapter.number), error.what());
        return 2;
    }
}
