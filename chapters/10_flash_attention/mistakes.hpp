// The common mistakes of this chapter, for --compare. Each entry computes the tensors with the mistake.
#pragma once
#include "common/compare/mistake.hpp"

namespace ch10 {

Mistakes mistakes();

}  // namespace ch10
