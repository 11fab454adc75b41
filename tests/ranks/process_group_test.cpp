// What a program on ranks makes of its environment, which is where launchers say what they have started.
#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/text.hpp"

namespace {

using Environment = std::vector<std::string>;

Finished rank_program(const std::string& arguments, const Environment& environment = {}) {
    return run_piped(std::string("'") + PROGRAM_DIR + "/rank_program' " + arguments, environment);
}

Finished without_mpi(const std::string& arguments, const Environment& environment) {
    return run_piped(std::string("'") + PROGRAM_DIR + "/rank_program_without_mpi' " + arguments, environment);
}

}  // namespace

TEST_CASE("a lone process runs its ranks in turn") {
    CHECK(has(rank_program("").output, "world size 1\n"));
    for (const char* number : {"1", "2", "4"}) {
        const Finished finished = rank_program(std::string("--world-size ") + number);
        CAPTURE(number, finished.output, finished.errors);
        CHECK(finished.status == 0);
        CHECK(has(finished.output, std::string("world size ") + number + "\n"));
        CHECK_FALSE(has(finished.output, "NOT AS one rank"));
        CHECK(without_mpi(std::string("--world-size ") + number, {}).output == finished.output);
    }
}

TEST_CASE("a lone process says in one line what is wrong with its ranks") {
    const std::string arguments = GENERATE("--world-size 3", "--world-size 0", "--world-size 2 --fail 1");
    const Finished finished = rank_program(arguments);
    CAPTURE(arguments, finished.errors);
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
}

TEST_CASE("many processes without MPI: the first says so, the others say nothing") {
    const auto [environment, launcher] = GENERATE(table<Environment, std::string>({
        {{"OMPI_COMM_WORLD_SIZE=4", "OMPI_COMM_WORLD_RANK="}, "mpirun"},
        {{"PMI_SIZE=4", "PMI_RANK="}, "mpirun"},
        {{"SLURM_STEP_NUM_TASKS=4", "SLURM_PROCID="}, "srun"},
    }));
    const auto as_rank = [&variables = environment](const std::string& rank) {
        return without_mpi("", {variables[0], variables[1] + rank});
    };
    CAPTURE(environment);
    const Finished first = as_rank("0");
    CHECK(first.status == 2);
    CHECK(first.output.empty());
    CHECK(std::count(first.errors.begin(), first.errors.end(), '\n') == 1);
    CHECK(has(first.errors, launcher + " started 4 processes"));
    CHECK(has(first.errors, "install libopenmpi-dev"));
    CHECK(has(first.errors, "--world-size 4 without " + launcher));

    const Finished other = as_rank("3");
    CHECK(other.status == 0);
    CHECK(other.output + other.errors == "");
}

TEST_CASE("one process of a launcher, and what is no launcher's, is a lone process") {
    const Environment environment =
        GENERATE(as<Environment>{}, Environment{"OMPI_COMM_WORLD_SIZE=1", "OMPI_COMM_WORLD_RANK=0"},
                 Environment{"OMPI_COMM_WORLD_SIZE=0", "OMPI_COMM_WORLD_RANK=0"},
                 Environment{"SLURM_STEP_NUM_TASKS=1", "SLURM_PROCID=0"},
                 Environment{"SLURM_NTASKS=4", "SLURM_PROCID=0"},  // sbatch's, which starts one process
                 Environment{"PMI_SIZE=4x", "PMI_RANK=0"}, Environment{"PMI_SIZE=4", "PMI_RANK="},
                 Environment{"PMI_SIZE=1", "PMI_RANK=0", "SLURM_STEP_NUM_TASKS=4", "SLURM_PROCID=3"});
    CAPTURE(environment);
    const Finished finished = rank_program("--world-size 2", environment);
    CHECK(finished.status == 0);
    CHECK(has(finished.output, "world size 2\n"));
}
