// Stands in for a student's file when CMake builds the answer program: so the build learns how a student's
// file is compiled and linked (cmake/Exercises.cmake).
#include "common/exercise/missing.hpp"
#include "common/tensor.hpp"
