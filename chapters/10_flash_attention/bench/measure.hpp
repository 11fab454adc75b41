// Runs the cases of a group in turn, and checks their numbers.
#pragma once
#include "chapters/10_flash_attention/bench/case.hpp"
#include "chapters/10_flash_attention/bench/report.hpp"

namespace ch10::bench_program {

// Throws std::runtime_error that names the case if its numbers are not those of its oracle: its time would
// mean nothing.
MeasuredGroup measure(const Group& group, const bench::Budget& budget);

}  // namespace ch10::bench_program
