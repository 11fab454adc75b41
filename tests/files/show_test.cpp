// ./walk show, as people run it.
#include <algorithm>

#include "common/files/tensor_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

Finished show(const std::string& arguments) {
    return run_piped(std::string("'") + PROGRAM_DIR + "/show' " + arguments, {"LANG=C.UTF-8"});
}

}  // namespace

TEST_CASE("show: a table without names, tensors with them") {
    const TemporaryFolder folder;
    const std::string path = folder.path("w.npz");
    save_tensors(path, {{"w_q", tensor<float>({2, 2}, {0.5f, -1.25f, 3.0f, 1.0f})},
                        {"ids", tensor<std::int64_t>({3}, {7, -2, 7000000})},
                        {"mask", tensor<bool>({2}, {true, false})},
                        {"freqs", tensor<std::complex<float>>({1}, {{1.0f, 2.0f}})},
                        {"bad", tensor<float>({2}, {1.0f, std::numeric_limits<float>::quiet_NaN()})},
                        {"größe", tensor<float>({0, 2}, {})}});
    CHECK(show(path).output ==
          "name   dtype  shape     min      max       mean\n"
          "w_q    <f4    (2, 2)  -1.25        3     0.8125\n"
          "ids    <i8    (3,)       -2  7000000  2.333e+06\n"
          "mask   |b1    (2,)        0        1        0.5\n"
          "freqs  <c8    (1,)        -        -          -\n"
          "bad    <f4    (2,)      nan      nan        nan\n"
          "größe  <f4    (0, 2)      -        -          -\n");
    CHECK(show(path + " w_q").output == "tensor([[ 0.5000, -1.2500],\n        [ 3.0000,  1.0000]])\n");
    CHECK(show(path + " mask ids --precision 2").output ==
          "mask\ntensor([ True, False])\nids\ntensor([      7,      -2, 7000000])\n");
    CHECK(has(show(path + " w_q --precision 2").output, "[ 0.50, -1.25]"));
}

TEST_CASE("show: --full shows all elements") {
    const TemporaryFolder folder;
    const std::string path = folder.path("w.npz");
    save_tensors(path, {{"w", tensor({1001}, std::vector<float>(1001, 1.0f))}});
    CHECK(show(path + " w").output == "tensor([1., 1., 1.,  ..., 1., 1., 1.])\n");
    const Finished full = show(path + " w --full");
    CHECK(std::count(full.output.begin(), full.output.end(), '1') == 1001);
}

TEST_CASE("show: a tensor that cannot be read leaves the table standing") {
    const Finished shown =
        show(std::string("'") + SOURCE_DIR "/tests/fuzz/seeds/safetensors/small_floats.safetensors'");
    CHECK(shown.status == 2);
    CHECK(has(shown.output, "b     BF16     (1,)"));
    CHECK(has(shown.output, "d     F4       (2,)            -          -          -\n"));
    CHECK(has(shown.errors, "\"d\" is of type F4, which is not read"));
}

TEST_CASE("show: mistakes are one line, status 2, nothing on standard output") {
    const TemporaryFolder folder;
    const std::string csv = folder.file("x.csv", "1,2\n");
    const std::vector<std::pair<std::string, std::string>> mistakes = {
        {"", "FILE is required; --help shows all options"},
        {"/nonexistent/x.npz", "/nonexistent/x.npz: there is no such file"},
        {csv + " y", "there is no tensor \"y\"; there is x"},
        {csv + " --precision 99", "--precision"},
        {csv + " --wat", "--wat"}};
    for (const auto& [arguments, complaint] : mistakes) {
        CAPTURE(arguments);
        const Finished finished = show(arguments);
        CAPTURE(finished.errors);
        CHECK(finished.status == 2);
        CHECK(finished.output.empty());
        CHECK(finished.errors.starts_with("show: "));
        CHECK(has(finished.errors, complaint));
        CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    }
    CHECK(show(csv + " > /dev/full").errors ==
          "show: standard output cannot be written: No space left on device\n");
}

TEST_CASE("show: --help has examples, and ./walk knows the program") {
    const Finished help = show("--help");
    CHECK(help.status == 0);
    CHECK(help.errors.empty());
    for (const char* part :
         {"FILE", "NAME", "--precision", "--full", "./walk show model.safetensors", "Exit status"}) {
        CAPTURE(part);
        CHECK(has(help.output, part));
    }
    CHECK(has(run_piped(std::string("'") + SOURCE_DIR + "/walk' --help", {}).output, "./walk show FILE"));
}
