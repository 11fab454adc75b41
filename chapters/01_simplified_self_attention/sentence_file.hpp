// The reader's own sentence: --input and --tokens.
#pragma once
#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "common/program/options.hpp"

namespace ch1 {

// The tensor x of own.input, (T, d_in) or (1, T, d_in), with own.tokens for its words or else their numbers;
// without an input the notebook's sentence. Throws FileError, or std::invalid_argument if shape or words do
// not fit.
Sentence sentence_of(const OwnFiles& own);

}  // namespace ch1
