// The kinds of vector instructions that vectors.cpp and few_queries.cpp are not compiled for: SSSE3 and
// AVX3_DL differ too little from SSE4 and AVX-512, and SVE and RVV do not know at compile time how long a
// vector is, so they have no arrays of vectors. ARM processors with SVE use NEON.
#pragma once
#define HWY_DISABLED_TARGETS \
    (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
