// What a chapter's walk.cpp talks to: it tells its steps here, and the options decide what becomes of them.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/compare/mistake.hpp"
#include "common/document/step.hpp"
#include "common/program/options.hpp"
#include "common/torch/dropout_mask.hpp"

class Walkthrough {
  public:
    Walkthrough(Chapter chapter, Options options);

    // The seed that the notebook uses at this place, or the reader's own (--seed).
    std::uint64_t seed(std::uint64_t notebook_seed);

    // Which build's dropout (--dropout-rng).
    [[nodiscard]] torch::DropoutRng dropout_rng() const { return options_.dropout_rng; }

    // How many ranks the reader asks for (--world-size), and whether for the journey (--size journey).
    [[nodiscard]] std::optional<std::size_t> world_size() const { return options_.world_size; }
    [[nodiscard]] bool journey() const { return options_.journey; }

    // Where the chapter's attention runs (--device), and a warp to step through there (--warp).
    [[nodiscard]] Device device() const { return options_.device; }
    [[nodiscard]] std::optional<int> warp() const { return options_.warp; }

    // The reader's own layer; the figures of notebook and PyTorch do not apply to it.
    [[nodiscard]] const OwnFiles& own() const { return options_.own; }

    // For --save alone: a tensor that no step shows.
    void keep(std::string name, AnyTensor value);

    void section(std::string number, std::string title);
    Step& step(const std::string& title, const std::string& text);

    // All steps told so far, for renderers and tests.
    [[nodiscard]] const Document& document() const { return document_; }

    // Renders everything to standard output and returns the exit status: 0, or 1 where a print of the
    // notebook was expected and not reproduced. If it does not speak, it only judges.
    int finish(bool speaks = true);

  private:
    void show_walk(const std::string& closing) const;
    [[nodiscard]] std::string closing_line(int reproduced, int expected) const;
    [[nodiscard]] bool figures_apply() const {
        return !reseeded_ && !options_.own.any() && !options_.journey;
    }

    // The reader asked for something else than what was printed: the other dropout, other ranks than two.
    [[nodiscard]] bool other_figures_asked() const;

    Document document_;
    Options options_;
    bool reseeded_ = false;  // the reader's seed took the place of the notebook's
};

// The main function of a chapter: reads the command line, lets the chapter tell its walk, renders it or
// compares it with somebody's prints, where `mistakes` is what people get wrong in this chapter.
// Whatever goes wrong is one line on standard error and exit status 2. Where several processes run the same
// chapter, only one `speaks`: the others print nothing, save nothing and report no error, but their exit
// status is the same.
int walk_through(const Chapter& chapter, int argc, const char* const* argv,
                 const std::function<Mistakes()>& mistakes, const std::function<void(Walkthrough&)>& tell,
                 bool speaks = true);
int walk_through(const Chapter& chapter, int argc, const char* const* argv,
                 const std::function<void(Walkthrough&)>& tell, bool speaks = true);
