// What people get wrong in this chapter, for --compare: each entry computes the tensors as the mistake does.
#pragma once
#include "common/compare/mistake.hpp"

namespace ch6 {

Mistakes mistakes();

}  // namespace ch6
