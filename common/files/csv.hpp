// Embeddings as a table: a line for each token, numbers separated by commas, semicolons, tabs or blanks.
#pragma once
#include <memory>
#include <string>

#include "common/files/tensor_file.hpp"

// One tensor "x" (rows, columns) of float32. Numbers have a point and may stand in quotes. The first row
// decides what separates them. Blank lines, lines that start with # and a first line of words, the columns'
// names, are skipped. Throws FileError, which names line and column, both from 1.
std::unique_ptr<TensorFile> open_csv(const std::string& path);
