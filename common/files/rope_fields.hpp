// What configs of all kinds of attention say of rotary embeddings in the same way.
#pragma once
#include "common/files/json_fields.hpp"

// How much YaRN enlarges what goes into a score: 0.1 mscale ln(factor) + 1, or 1 where nothing is stretched.
// Source: Peng et al., "YaRN".
double yarn_mscale(double factor, double mscale);

// theta may stand at the top (`theta` then holds it), in the object of rotary embeddings, or in both alike.
// Throws FileError where they differ.
void read_theta_inside(const Fields& fields, const Fields& rope, double& theta);

// YaRN divides by the logarithm of theta. Throws FileError where that is 0.
void check_yarn_theta(const Fields& fields, double theta);
