// Translates our formulas, which are Unicode text ("Aᵢⱼ = exp(sᵢⱼ) / Σₖ exp(sᵢₖ)"), into MathML.
#pragma once
#include <string>
#include <string_view>

// Each formula becomes one <div class="formula">; a line of several formulas has three or more spaces between
// them. A long formula is split before =, →, ≈ and words into several <math> elements, because browsers break
// no line inside <math>. A formula that we do not understand stays as it is written, in <mtext>.
std::string to_mathml(std::string_view formulas);
