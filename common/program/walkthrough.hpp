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

    // Which PyTorch build's dropout to reproduce (--dropout-rng).
    torch::DropoutRng dropout_rng();

    // The reader's own layer. The numbers that the notebook and PyTorch print do not apply to it.
    [[nodiscard]] const OwnFiles& own() const { return options_.own; }

    // Whether a reader will see the steps, and not only the tensors or a comparison. A walk that measures
    // something measures it only then.
    [[nodiscard]] bool shows_steps() const;

    // Call this if the printed numbers of the notebook and PyTorch are for other inputs: the walk then judges
    // no tensor. The last line says why: "at the size of a real layer: PyTorch's figures are for the small
    // one".
    void figures_do_not_apply(std::string why) { no_figures_ = std::move(why); }

    // Call this if the walk shows only some of the chapter's tensors. The last line says where: "on the GPU".
    void shows_only(std::string where) { part_ = std::move(where); }

    // Call this if an option changes the numbers: a difference is then no failure. The last line says which
    // numbers PyTorch printed: "PyTorch's are of 2 ranks".
    void expects_differences(std::string printed) { other_numbers_ = std::move(printed); }

    // Adds a tensor to the file of --save that no step shows.
    void keep(std::string name, AnyTensor value);

    void section(std::string number, std::string title);
    Step& step(const std::string& title, const std::string& text);

    // All steps so far, for renderers and tests.
    [[nodiscard]] const Document& document() const { return document_; }

    // Renders everything to standard output and returns the exit status: 0, or 1 if a tensor differs from the
    // notebook's or PyTorch's print. If `speaks` is false, it prints nothing and only computes the exit
    // status. Refuses unused options.
    int finish(bool speaks = true);

    // Throws UsageError if an option of the command line had no effect on the walk.
    void refuse_unused_options() const;

  private:
    [[nodiscard]] std::string closing_line(const Score& score) const;

    Document document_;
    Options options_;
    bool seed_used_ = false, dropout_rng_used_ = false;
    std::string no_figures_, part_, other_numbers_;  // each is empty if it does not apply
};

// A chapter's walk, which its main function passes to walk_through().
struct Walk {
    Chapter chapter;
    std::function<void(Walkthrough&)> tell;                          // computes and adds the steps
    std::function<Mistakes()> mistakes = [] { return Mistakes{}; };  // for --compare
    ChapterOptions options = {};
    bool speaks = true;  // if several processes run the chapter, only one prints, saves and reports errors
};

// Runs a chapter: reads the command line, runs the chapter's walk, then renders it or compares it with the
// reader's prints. Returns the exit status, which is the same if `speaks` is false. Every error is one line
// on standard error and exit status 2.
int walk_through(const Walk& walk, int argc, const char* const* argv);
