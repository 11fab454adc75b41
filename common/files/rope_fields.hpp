// The fields of rotary embeddings that are the same in the configs of all kinds of attention.
#pragma once
#include "common/files/json_fields.hpp"

// YaRN's magnitude scale, which enlarges the scores: 0.1 mscale ln(factor) + 1, or 1 if `factor` is at most
// 1. Source: Peng et al., "YaRN".
double yarn_mscale(double factor, double mscale);

// A config may give rope_theta at the top level (`theta` then holds it), in the object of rotary embeddings,
// or in both. Throws FileError if the two values differ.
void read_theta_inside(const Fields& fields, const Fields& rope, double& theta);

// YaRN divides by the logarithm of theta. Throws FileError if that logarithm is 0.
void check_yarn_theta(const Fields& fields, double theta);
