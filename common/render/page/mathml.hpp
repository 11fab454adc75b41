// Our formulas, which are Unicode text ("Aᵢⱼ = exp(sᵢⱼ) / Σₖ exp(sᵢₖ)"), as MathML.
#pragma once
#include <string>
#include <string_view>

// One <math> element for each formula; in a line of several they stand three or more spaces apart. What is
// not understood stays as it is written, in <mtext>: nothing is lost and nothing is guessed.
std::string to_mathml(std::string_view formulas);
