// The reader's own sentence: --input and --tokens.
#pragma once
#include "chapters/01_simplified_self_attention/sentence.hpp"
#include "common/program/options.hpp"

namespace ch1 {

// Reads the tensor x of own.input, (T, d_in) or (1, T, d_in). Its words are own.tokens, or the numbers 0 to
// T-1 if there are none. Without an input, returns the notebook's sentence. Throws FileError, or
// std::invalid_argument if the shape or the number of words does not fit.
Sentence sentence_of(const OwnFiles& own);

}  // namespace ch1
