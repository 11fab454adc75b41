#include "common/program/walkthrough.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "common/compare/compare_file.hpp"
#include "common/document/judge.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/output_target.hpp"
#include "common/files/tensor_file.hpp"
#include "common/printable.hpp"
#include "common/render/page/render_html.hpp"
#include "common/render/render_tensors.hpp"
#include "common/render/render_terminal.hpp"
#include "common/render/step_through.hpp"
#include "common/render/terminal.hpp"
#include "common/write_out.hpp"

namespace {

// The notebook ends here; later chapters compare with what PyTorch itself printed.
constexpr int last_notebook_chapter = 4;

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

// Of the tensors that a walk on a device shows, those that PyTorch prints: not all of the chapter's.
int prints_to_reproduce(const Document& document) {
    int prints = 0;
    for_each_shown(document, [&](const Shown& shown) { prints += shown.verdict ? 1 : 0; });
    return prints;
}

// On standard output the page stands alone.
void write_page(const std::string& path, const std::string& page, const std::string& closing) {
    write_file(path, page);
    if (is_standard_output(path)) return;
    write_out(fmt::format("wrote {} ({} KB)\n{}\n", printable(path), (page.size() + 999) / 1000, closing));
}

// Nothing that the reader gave is written over.
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
    if (!options_.seed) return notebook_seed;
    reseeded_ = true;
    return *options_.seed;
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

int Walkthrough::finish(bool speaks) {
    Score score = figures_apply() ? judge(document_) : Score{};
    if (options_.device != Device::cpu) score.expected = prints_to_reproduce(document_);
    const int status = score.reproduced == score.expected || other_figures_asked() ? 0 : 1;
    if (!speaks) return status;

    if (options_.save) save_tensors(*options_.save, all_tensors(document_));
    const std::string closing = closing_line(score.reproduced, score.expected);
    switch (options_.output) {
        case Options::Output::tensors_only:
            write_out(render_tensors(document_, options_.print));
            break;
        case Options::Output::scoreboard:
            write_out(closing + "\n");
            break;
        case Options::Output::page:
            write_page(*options_.html, render_html(document_, options_.print, closing), closing);
            break;
        case Options::Output::walkthrough:
            show_walk(closing);
            break;
    }
    return status;
}

bool Walkthrough::other_figures_asked() const {
    return options_.dropout_rng != torch::DropoutRng::mkl || options_.world_size.value_or(2) != 2;
}

void Walkthrough::show_walk(const std::string& closing) const {
    if (options_.step && can_step()) return step_through(document_, options_.color, options_.print, closing);
    if (options_.step) {
        write_error(fmt::format("walk {}", document_.chapter.number),
                    "--step needs a terminal to read from and to write to; here is all of it");
    }
    write_out(render_terminal(document_, detect_terminal(options_.color), options_.print, closing));
}

std::string Walkthrough::closing_line(int reproduced, int expected) const {
    const bool has_notebook = document_.chapter.number <= last_notebook_chapter;
    if (options_.journey) {
        return fmt::format("chapter {}  at the size of a real layer: PyTorch's figures are for the small one",
                           document_.chapter.number);
    }
    if (options_.own.any()) {
        return fmt::format("chapter {}  on your own files: {} figures do not apply", document_.chapter.number,
                           has_notebook ? "the notebook's" : "PyTorch's");
    }
    if (reseeded_) {
        return fmt::format("chapter {}  with a seed of your own {} figures no longer apply",
                           document_.chapter.number, has_notebook ? "the notebook's" : "PyTorch's");
    }
    if (options_.warp) {
        return fmt::format("chapter {}  one warp on the emulator, instruction by instruction",
                           document_.chapter.number);
    }
    const char* where = options_.device == Device::cuda       ? "on the GPU, "
                        : options_.device == Device::emulated ? "on the emulator, "
                                                              : "";
    std::string line = fmt::format("chapter {}  {}{} of {} {} prints reproduced", document_.chapter.number,
                                   where, reproduced, expected, has_notebook ? "notebook" : "PyTorch");
    if (reproduced < expected && options_.dropout_rng == torch::DropoutRng::generic) {
        line += " (the notebook's dropout is mkl)";
    }
    if (reproduced < expected && options_.world_size.value_or(2) != 2) line += " (PyTorch's are of 2 ranks)";
    if (options_.seed) line += " (it draws no random numbers: --seed changes nothing)";
    return line;
}

int walk_through(const Chapter& chapter, int argc, const char* const* argv,
                 const std::function<void(Walkthrough&)>& tell, bool speaks) {
    return walk_through(
        chapter, argc, argv, [] { return Mistakes{}; }, tell, speaks);
}

int walk_through(const Chapter& chapter, int argc, const char* const* argv,
                 const std::function<Mistakes()>& mistakes, const std::function<void(Walkthrough&)>& tell,
                 bool speaks) {
    try {
        const Invocation invocation = parse_command_line(chapter, argc, argv);
        if (invocation.print_and_stop) {
            if (speaks) write_out(*invocation.print_and_stop);
            return 0;
        }
        check_files(invocation.options);
        Walkthrough walk(chapter, invocation.options);
        tell(walk);
        if (invocation.options.compare.file) {
            const Retell retell = [&](std::optional<std::uint64_t> seed, torch::DropoutRng dropout_rng) {
                Options options = invocation.options;
                if (seed) options.seed = seed;
                options.dropout_rng = dropout_rng;
                Walkthrough again(chapter, options);
                tell(again);
                return again.document();
            };
            return compare_file(walk.document(), invocation.options.compare, invocation.options.color,
                                mistakes(), retell, speaks);
        }
        return walk.finish(speaks);
    } catch (const std::exception& error) {
        if (speaks) write_error(fmt::format("walk {}", chapter.number), error.what());
        return 2;
    }
}
