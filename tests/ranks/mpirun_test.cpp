// The same program as real processes. Only where there is an MPI: see tests/CMakeLists.txt.
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/text.hpp"

namespace {

// mpirun starts root's programs and more ranks than there are cores only when told to, and gives up after a
// minute: a hang is a failure. libmpi itself leaks, which is not what the sanitizers are here for.
const std::vector<std::string> environment{
    "OMPI_ALLOW_RUN_AS_ROOT=1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
    "OMPI_MCA_rmaps_base_oversubscribe=1",
    "PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe",
    "MPIEXEC_TIMEOUT=60",
    "ASAN_OPTIONS=detect_leaks=0",
};

Finished mpirun(int ranks, const std::string& program_and_arguments) {
    return run_piped(
        std::string("'") + ATTN_MPIRUN + "' -n " + std::to_string(ranks) + " " + program_and_arguments,
        environment);
}

const std::string rank_program = std::string("'") + PROGRAM_DIR + "/rank_program' ";
const std::string without_mpi = std::string("'") + PROGRAM_DIR + "/rank_program_without_mpi'";

// Our own lines of standard error, among what mpirun says when a program fails.
std::vector<std::string> complaints(const Finished& finished) {
    std::vector<std::string> lines;
    std::istringstream errors(finished.errors);
    for (std::string line; std::getline(errors, line);) {
        if (line.starts_with("rank_program:")) lines.push_back(line);
    }
    return lines;
}

}  // namespace

TEST_CASE("mpirun: processes print what ranks in turn print, once") {
    const int ranks = GENERATE(1, 2, 4);
    const std::string number = std::to_string(ranks);
    const Finished processes = mpirun(ranks, rank_program);
    const Finished in_turn = run_piped(rank_program + "--world-size " + number, environment);
    CAPTURE(ranks, processes.errors);
    CHECK(processes.status == 0);
    CHECK(processes.errors.empty());
    CHECK(has(processes.output, "world size " + number + "\n"));
    CHECK(processes.output == in_turn.output);
    CHECK(mpirun(ranks, rank_program + "--world-size " + number).output == in_turn.output);
}

TEST_CASE("mpirun: chapter 7 prints what it prints alone, without colours") {
    const Finished alone = run_piped(program(7), environment);
    const Finished processes = mpirun(2, program(7));
    CAPTURE(processes.errors);
    CHECK(processes.status == 0);
    CHECK(processes.errors.empty());
    CHECK(processes.output == alone.output);
}

TEST_CASE("mpirun: what is wrong is one line from rank 0, and nobody is left waiting") {
    const auto [arguments, complaint] = GENERATE(table<std::string, std::string>({
        {"--world-size 2",
         "mpirun started 4 ranks, --world-size says 2: leave it out, or run without mpirun"},
        {"--fail 0", "rank 0 has lost its heads"},
        {"--fail 3", "rank 3 has lost its heads"},
        {"--shorten 2", "all_reduce: rank 0 has 42 numbers, rank 2 has 14: no sum"},
        {"--stop 0", "stopped"},
        {"--stop 3", "rank 3 stopped before its part of the sum was done"},
    }));
    const Finished finished = mpirun(4, rank_program + arguments);
    CAPTURE(arguments, finished.errors);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(complaints(finished) == std::vector<std::string>{"rank_program: " + complaint});
}

TEST_CASE("mpirun: heads that the ranks cannot share are refused by all alike") {
    const Finished finished = mpirun(3, rank_program);
    CHECK(finished.status == 2);
    CHECK(complaints(finished).size() == 1);
    CHECK(has(finished.errors, "4 heads cannot be split evenly among 3 ranks"));
}

TEST_CASE("mpirun: a program built without MPI says what to do, once") {
    const Finished finished = mpirun(3, without_mpi);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(complaints(finished).size() == 1);
    CHECK(has(finished.errors, "built without MPI: install libopenmpi-dev"));
}

TEST_CASE("a program with MPI that another MPI's launcher starts says so, once") {
    const auto as_rank = [](const std::string& rank) {
        std::vector<std::string> launched = environment;
        for (const std::string& variable : {std::string("SLURM_STEP_NUM_TASKS=2"), "SLURM_PROCID=" + rank}) {
            launched.push_back(variable);
        }
        return run_piped(rank_program, launched);
    };
    const Finished first = as_rank("0"), second = as_rank("1");
    CHECK(first.status == 2);
    CHECK(first.errors == std::string("rank_program: srun started 2 processes, but for another MPI than this "
                                      "program was built with: start it with ") +
                              ATTN_MPIRUN + "; or use --world-size 2 without srun\n");
    CHECK(second.status == 0);
    CHECK(first.output + second.output + second.errors == "");
}
