// Options that only some chapters take, --world-size and --size, and processes that compute without a word.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "common/program/walkthrough.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

const std::vector<std::string> utf8 = {"LANG=C.UTF-8"};
const Chapter plain{7, "07_some_chapter", "Some chapter", "", Takes::layer};
const Chapter special{7, "07_some_chapter", "Some chapter", "", Takes::layer, true, true};
const Chapter first{1, "01_some_chapter", "Some chapter", "", Takes::layer, true, true};  // figures exist

std::vector<const char*> pointers(const std::vector<std::string>& arguments) {
    std::vector<const char*> all = {"walk"};
    for (const std::string& argument : arguments) all.push_back(argument.c_str());
    return all;
}

Options options(const Chapter& chapter, const std::vector<std::string>& arguments) {
    const std::vector<const char*> argv = pointers(arguments);
    return parse_command_line(chapter, static_cast<int>(argv.size()), argv.data()).options;
}

// What the UsageError says, or "".
std::string usage_error(const Chapter& chapter, const std::vector<std::string>& arguments) {
    try {
        options(chapter, arguments);
        return "";
    } catch (const UsageError& error) {
        return error.what();
    }
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
Finished walk(
    const Chapter& chapter, const std::vector<std::string>& arguments, bool speaks,
    const std::function<void(Walkthrough&)>& tell = [](Walkthrough&) {}) {
    const TemporaryFolder folder;
    const std::vector<const char*> argv = pointers(arguments);
    Finished finished;
    {
        const Redirected out(stdout, folder.path("out")), err(stderr, folder.path("err"));
        finished.status = walk_through(chapter, static_cast<int>(argv.size()), argv.data(), tell, speaks);
    }
    finished.output = contents_of(folder.path("out"));
    finished.errors = contents_of(folder.path("err"));
    return finished;
}

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

TEST_CASE("special options: a chapter that takes them") {
    CHECK_FALSE(options(special, {}).world_size.has_value());
    CHECK_FALSE(options(special, {}).journey);
    CHECK_FALSE(options(special, {"--size", "small"}).journey);
    CHECK(options(special, {"--size", "journey"}).journey);
    CHECK(options(special, {"--world-size", "1"}).world_size == 1U);
    CHECK(options(special, {"--world-size", "1024"}).world_size == 1024U);
    CHECK(options(special, {"--config", "c.json", "--size", "small"}).own.config == "c.json");

    // The walk sees them.
    const Walkthrough walkthrough(special, options(special, {"--world-size", "4"}));
    CHECK(walkthrough.world_size() == 4U);
    CHECK_FALSE(walkthrough.journey());
    CHECK(Walkthrough(special, options(special, {"--size", "journey"})).journey());

    const Finished help = walk(special, {"--help"}, true);
    CHECK(help.status == 0);
    CHECK(has(help.output, "--world-size N"));
    CHECK(has(help.output, "--size SIZE"));
    CHECK(has(help.output, "./walk 7 --size journey"));
    CHECK(has(help.output, "--config config.json --world-size 4"));

    // Each comes with its own member alone.
    const Chapter ranks_only{7, "07_some_chapter", "", "", Takes::layer, true, false};
    CHECK(options(ranks_only, {"--world-size", "3"}).world_size == 3U);
    CHECK(has(usage_error(ranks_only, {"--size", "journey"}), "--size"));
    CHECK(has(usage_error(plain, {"--world-size", "3"}), "--world-size"));
    CHECK_FALSE(has(walk(plain, {"--help"}, true).output, "size"));
}

TEST_CASE("special options: what cannot be is one line") {
    for (const std::string number : {"0", "1025", "-1", "two", "1.5"}) {
        CAPTURE(number);
        const std::string error = usage_error(special, {"--world-size", number});
        CHECK(has(error, "--world-size"));
        CHECK_FALSE(has(error, "\n"));
    }
    CHECK(has(usage_error(special, {"--size", "large"}), "--size"));

    // The reader's own files have sizes of their own.
    const std::vector<std::string> own = GENERATE(
        as<std::vector<std::string>>{}, std::vector<std::string>{"--config", "c.json"},
        std::vector<std::string>{"--weights", "w.npz"}, std::vector<std::string>{"--input", "x.npy"});
    CAPTURE(own);
    const std::string error = usage_error(special, {"--size", "journey", own[0], own[1]});
    CHECK(has(error, "--size journey has sizes of its own"));
    CHECK_FALSE(has(error, "\n"));
    CHECK(has(usage_error(special, {"--size", "journey", "--world-size", "2"}),
              "--size journey runs on one device"));
}

TEST_CASE("special options: PyTorch's figures are not for the journey's size") {
    const Finished small = walk(first, {"--scoreboard"}, true);
    CHECK(small.status == 1);
    CHECK(has(small.output, "chapter 1  0 of "));

    const Finished journey = walk(first, {"--size", "journey", "--scoreboard"}, true);
    CHECK(journey.status == 0);
    CHECK(journey.output ==
          "chapter 1  at the size of a real layer: PyTorch's figures are for the small one\n");
}

TEST_CASE("processes that do not speak: the same status, and not a word") {
    const TemporaryFolder folder;
    const std::string file = folder.path("out.npz");
    const auto tell = [](Walkthrough& walkthrough) { walkthrough.keep("x", AnyTensor(1.0f)); };
    const Finished silent = walk(first, {"--save", file}, false, tell);
    CHECK(silent.status == 1);
    CHECK(silent.output.empty());
    CHECK(silent.errors.empty());
    CHECK_FALSE(std::filesystem::exists(file));

    const Finished speaking = walk(first, {"--save", file}, true, tell);
    CHECK(speaking.status == 1);
    CHECK(has(speaking.output, "chapter 1  0 of "));
    CHECK(std::filesystem::exists(file));

    // What stops the one that speaks stops the others, but they leave the talking to it.
    const auto fail = [](Walkthrough&) { throw std::runtime_error("the cache is full"); };
    const Finished silent_failure = walk(first, {}, false, fail), failure = walk(first, {}, true, fail);
    CHECK(silent_failure.status == 2);
    CHECK(silent_failure.errors.empty());
    CHECK(failure.status == 2);
    CHECK(failure.errors == "walk 1: the cache is full\n");

    for (const std::string argument : {"--help", "--version", "--wat", "--world-size=0"}) {
        CAPTURE(argument);
        const Finished quiet = walk(special, {argument}, false), loud = walk(special, {argument}, true);
        CHECK(quiet.status == loud.status);
        CHECK(quiet.output.empty());
        CHECK(quiet.errors.empty());
        CHECK_FALSE((loud.output + loud.errors).empty());
    }
    CHECK(walk(first, {"--size", "journey"}, false).status == 0);
}
