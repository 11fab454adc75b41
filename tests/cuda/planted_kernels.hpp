// Chapter 5's decoding by kernels that tests/cuda/planted_bugs.cmake has altered, by the name of the bug.
#pragma once
#include <map>
#include <string>

#include "chapters/05_grouped_query_attention/cuda/decode.hpp"

using DecodePlanted = ch5::DecodeRun (*)(ch5::DecodeRung, const ch5::DecodeInput&, const EmulatorOptions&);

inline std::map<std::string, DecodePlanted>& planted_kernels() {
    static std::map<std::string, DecodePlanted> kernels;
    return kernels;
}
