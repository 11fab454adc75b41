// Options that a chapter declares for itself, and processes that compute and print nothing.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "common/program/walkthrough.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};
const Chapter first{1, "01_some_chapter", "Some chapter", "", Takes::layer};

// A chapter's own option, as its walk.cpp declares it.
ChapterOptions heads_option(std::optional<int>& heads) {
    ChapterOptions options;
    options.declare = [&heads](CLI::App& app) {
        app.add_option("--heads", heads, "so many heads")->check(CLI::Range(1, 8))->type_name("N");
    };
    options.rules = {
        {"--heads", OptionRule::Kind::excludes, {"--config"}, "the config has the number of heads"},
        {"--heads 8", OptionRule::Kind::needs, {"--full"}, "the tensors are large"}};
    options.examples = "  ./walk 1 --heads 3\n";
    return options;
}

std::vector<const char*> pointers(const std::vector<std::string>& arguments) {
    std::vector<const char*> all = {"walk"};
    for (const std::string& argument : arguments) all.push_back(argument.c_str());
    return all;
}

// Sends what goes to a descriptor into a file, as long as it lives.
class Redirected {
  public:
    Redirected(std::FILE* stream, const std::string& path) : stream_(stream) {
        std::fflush(stream_);
        original_ = dup(fileno(stream_));
        std::FILE* file = std::fopen(path.c_str(), "wb");
        dup2(fileno(file), fileno(stream_));
        std::fclose(file);
    }
    ~Redirected() {
        std::fflush(stream_);
        dup2(original_, fileno(stream_));
        close(original_);
    }
    Redirected(const Redirected&) = delete;
    Redirected& operator=(const Redirected&) = delete;

  private:
    std::FILE* stream_;
    int original_;
};

// walk_through() in this process, with what it says.
Finished run(const Walk& walk, const std::vector<std::string>& arguments) {
    const TemporaryFolder folder;
    const std::vector<const char*> argv = pointers(arguments);
    Finished finished;
    {
        const Redirected out(stdout, folder.path("out")), err(stderr, folder.path("err"));
        finished.status = walk_through(walk, static_cast<int>(argv.size()), argv.data());
    }
    finished.output = contents_of(folder.path("out"));
    finished.errors = contents_of(folder.path("err"));
    return finished;
}

void nothing(Walkthrough& /*walk*/) {}

}  // namespace

TEST_CASE("special options: chapters 1 to 6 know neither --world-size nor --size") {
    const int chapter = GENERATE(1, 2, 3, 4, 5, 6);
    const std::string option =
        GENERATE(as<std::string>{}, "--world-size 2", "--size journey", "--size small");
    CAPTURE(chapter, option);
    const Finished finished = run_piped(program(chapter) + " " + option, utf8);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    CHECK(has(finished.errors, option.substr(0, option.find(' '))));

    const Finished help = run_piped(program(chapter) + " --help", utf8);
    CHECK_FALSE(has(help.output, "--world-size"));
    CHECK_FALSE(has(help.output, "--size"));
}

TEST_CASE("special options: a chapter declares one, and reads it") {
    std::optional<int> heads, seen;
    const Walk walk{
        .chapter = first, .tell = [&](Walkthrough&) { seen = heads; }, .options = heads_option(heads)};
    CHECK(run(walk, {"--heads", "3", "--scoreboard"}).status == 1);
    CHECK(seen == 3);

    const Finished help = run(walk, {"--help"});
    CHECK(help.status == 0);
    CHECK(has(help.output, "--heads N"));
    CHECK(has(help.output, "./walk 1 --heads 3"));

    // Its check and its rules are those of the declaration.
    const Finished zero = run(walk, {"--heads", "0"}),
                   with_config = run(walk, {"--config", "c", "--heads", "2"});
    CHECK(zero.status == 2);
    CHECK(has(zero.errors, "--heads"));
    CHECK(
        with_config.errors ==
        "walk 1: --heads and --config do not go together: the config has the number of heads; leave out one of them\n");
    CHECK(run(walk, {"--heads", "7"}).status == 1);
    CHECK(has(run(walk, {"--heads", "8"}).errors, "--heads 8 needs --full: the tensors are large"));
    CHECK(run(walk, {"--heads", "8", "--full"}).status == 1);

    const Walk without{.chapter = first, .tell = nothing};
    CHECK(has(run(without, {"--heads", "2"}).errors, "--heads"));
    CHECK_FALSE(has(run(without, {"--help"}).output, "heads"));
}

TEST_CASE("special options: chapter 7's ranks and its journey") {
    const auto refused = [](const std::string& arguments) {
        const Finished finished = run_piped(program(7) + " " + arguments, utf8);
        CHECK(finished.status == 2);
        CHECK(finished.output.empty());
        CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
        return finished.errors;
    };
    for (const std::string number : {"0", "1025", "-1", "two", "1.5"}) {
        CAPTURE(number);
        CHECK(has(refused("--world-size " + number), "--world-size"));
    }
    CHECK(has(refused("--size large"), "--size"));
    CHECK(has(refused("--size journey --config c.json"), "the journey has sizes of its own"));
    CHECK(has(refused("--size journey --world-size 2"), "the journey runs on one CPU"));
    CHECK(has(refused("--size journey --device emulated"), "the journey runs on one CPU"));

    const Finished journey = run_piped(program(7) + " --size journey --scoreboard", utf8);
    CHECK(journey.status == 0);
    CHECK(journey.output ==
          "chapter 7  at the size of a real layer: PyTorch's figures are for the small one\n");
    CHECK(run_piped(program(7) + " --size small --scoreboard", utf8).output ==
          "chapter 7  42 of 42 PyTorch prints reproduced\n");
    const Finished one_rank = run_piped(program(7) + " --world-size 1 --scoreboard", utf8);
    CHECK(one_rank.status == 0);
    CHECK(has(one_rank.output, "of 42 PyTorch prints reproduced (PyTorch's are of 2 ranks)"));
}

TEST_CASE("special options: a walk whose numbers were not printed is not judged") {
    CHECK(run({.chapter = first, .tell = nothing}, {"--scoreboard"}).status == 1);
    const auto other_size = [](Walkthrough& walkthrough) {
        walkthrough.figures_do_not_apply("at another size");
    };
    const Finished unjudged = run({.chapter = first, .tell = other_size}, {"--scoreboard"});
    CHECK(unjudged.status == 0);
    CHECK(unjudged.output == "chapter 1  at another size\n");

    const auto other_numbers = [](Walkthrough& walkthrough) {
        walkthrough.expects_differences("of 2 ranks");
    };
    const Finished different = run({.chapter = first, .tell = other_numbers}, {"--scoreboard"});
    CHECK(different.status == 0);
    CHECK(different.output == "chapter 1  0 of 7 notebook prints reproduced (of 2 ranks)\n");
}

TEST_CASE("special options: random numbers that nothing draws are refused by name") {
    const Walk draws_nothing{.chapter = first, .tell = nothing};
    CHECK(has(run(draws_nothing, {"--seed", "7"}).errors, "--seed changes nothing here"));
    const Walk draws{.chapter = first, .tell = [](Walkthrough& walkthrough) { walkthrough.seed(1); }};
    CHECK(run(draws, {"--seed", "7"}).status == 0);

    const Chapter dropout{1, "01_some_chapter", "Some chapter", "", Takes::input, Draws::dropout_too};
    CHECK(has(run({.chapter = dropout, .tell = nothing}, {"--dropout-rng", "generic"}).errors,
              "--dropout-rng changes nothing here"));
    const Walk masks{.chapter = dropout, .tell = [](Walkthrough& walkthrough) { walkthrough.dropout_rng(); }};
    CHECK(run(masks, {"--dropout-rng", "generic"}).status == 0);
}

TEST_CASE("processes that do not speak: the same status, and not a word") {
    const TemporaryFolder folder;
    const std::string file = folder.path("out.npz");
    const auto tell = [](Walkthrough& walkthrough) { walkthrough.keep("x", AnyTensor(1.0f)); };
    const Walk aloud{.chapter = first, .tell = tell},
        silently{.chapter = first, .tell = tell, .speaks = false};
    const Finished silent = run(silently, {"--save", file});
    CHECK(silent.status == 1);
    CHECK(silent.output.empty());
    CHECK(silent.errors.empty());
    CHECK_FALSE(std::filesystem::exists(file));

    const Finished speaking = run(aloud, {"--save", file});
    CHECK(speaking.status == 1);
    CHECK(has(speaking.output, "chapter 1  0 of "));
    CHECK(std::filesystem::exists(file));

    // What stops the one that speaks stops the others, but they leave the talking to it.
    const auto fail = [](Walkthrough&) { throw std::runtime_error("the cache is full"); };
    const Finished silent_failure = run({.chapter = first, .tell = fail, .speaks = false}, {}),
                   failure = run({.chapter = first, .tell = fail}, {});
    CHECK(silent_failure.status == 2);
    CHECK(silent_failure.errors.empty());
    CHECK(failure.status == 2);
    CHECK(failure.errors == "walk 1: the cache is full\n");

    for (const std::string argument : {"--help", "--version", "--wat", "--precision=99"}) {
        CAPTURE(argument);
        const Finished quiet = run(silently, {argument}), loud = run(aloud, {argument});
        CHECK(quiet.status == loud.status);
        CHECK(quiet.output.empty());
        CHECK(quiet.errors.empty());
        CHECK_FALSE((loud.output + loud.errors).empty());
    }
}
