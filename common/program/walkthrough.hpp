// The interface of a chapter's walk.cpp. It collects the steps; the command-line options choose how they are
// rendered.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "common/compare/mistake.hpp"
#include "common/document/judge.hpp"
#include "common/document/step.hpp"
#include "common/program/chapter_options.hpp"
#include "common/program/options.hpp"
#include "common/torch/dropout_mask.hpp"

class Walkthrough {
  public:
    Walkthrough(Chapter chapter, Options options);

    // The seed that the notebook uses at this place, or the reader's own (--seed).
    std::uint64_t seed(std::uint64_t notebook_seed);

    // Which build's dropout (--dropout-rng).
    torch::DropoutRng dropout_rng();

    // The reader's own layer; the figures of notebook and PyTorch do not apply to it.
    [[nodiscard]] const OwnFiles& own() const { return options_.own; }

    // The walk's numbers are not those that were printed, so that none is judged. The last line says why: "at
    // the size of a real layer: PyTorch's figures are for the small one".
    void figures_do_not_apply(std::string why) { no_figures_ = std::move(why); }

    // The walk shows only some of the chapter's tensors, and the last line says where: "on the GPU".
    void shows_only(std::string where) { part_ = std::move(where); }

    // The reader asked for other numbers than those that were printed; a difference is no failure. The last
    // line says what was printed: "PyTorch's are of 2 ranks".
    void expects_differences(std::string printed) { other_numbers_ = std::move(printed); }

    // For --save alone: a tensor that no step shows.
    void keep(std::string name, AnyTensor value);

    void section(std::string number, std::string title);
    Step& step(const std::string& title, const std::string& text);

    // All steps told so far, for renderers and tests.
    [[nodiscard]] const Document& document() const { return document_; }

    // Renders everything to standard output and returns the exit status: 0, or 1 where a print of the
    // notebook or of PyTorch was expected and not reproduced. If it does not speak, it only judges. Refuses
    // unused options.
    int finish(bool speaks = true);

    // Throws UsageError if an option of the command line had no effect on the walk.
    void refuse_unused_options() const;

  private:
    void show_walk(const std::string& closing) const;
    [[nodiscard]] std::string closing_line(const Score& score) const;

    Document document_;
    Options options_;
    bool seed_used_ = false, dropout_rng_used_ = false;
    std::string no_figures_, part_, other_numbers_;  // each is empty where it does not hold
};

// What a chapter's main function gives.
struct Walk {
    Chapter chapter;
    std::function<void(Walkthrough&)> tell;                          // computes and shows, step by step
    std::function<Mistakes()> mistakes = [] { return Mistakes{}; };  // for --compare
    ChapterOptions options = {};
    bool speaks =
        true;  // of several processes that run the same chapter only one prints, saves and reports errors
};

// Runs a chapter: reads the command line, lets the chapter tell its walk, then renders it or compares it with
// the reader's prints. Returns the exit status, which is the same in a process that does not speak. Every
// error is one line on standard error and exit status 2.
int walk_through(const Walk& walk, int argc, const char* const* argv);
