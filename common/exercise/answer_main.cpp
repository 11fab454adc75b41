// The main function of the student's process: answer INDEX runs one test of the check.
#include <cstdlib>

#include "common/exercise/session.hpp"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    exercise::answer_test(std::strtoul(argv[1], nullptr, 10));
    return 0;
}
