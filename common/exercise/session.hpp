// The two programs that are made of one check.cpp: the check, which judges, and the student's process, which
// only answers.
#pragma once
#include <string>

#include "common/exercise/report.hpp"

namespace exercise {

// Runs all tests. `answer_program` is linked with the student's code; it is empty where there is no code.
// `answers_file` is answers.txt of a prediction.
CheckReport judge(const std::string& answer_program, const std::string& answers_file);

// In the student's process: runs test number `index` up to its end, and sends the results.
void answer_test(std::size_t index);

}  // namespace exercise
