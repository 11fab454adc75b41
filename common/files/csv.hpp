// Reads embeddings from a table: one line per token, numbers separated by commas, semicolons, tabs or blanks.
#pragma once
#include <memory>
#include <string>

#include "common/files/tensor_file.hpp"

// The file holds one float32 tensor "x" (rows, columns). Numbers have a decimal point and may be quoted. The
// first row decides which separator the file uses. The reader skips blank lines, lines that start with #, and
// a first line with the names of the columns. Throws FileError, which names line and column, both from 1.
std::unique_ptr<TensorFile> open_csv(const std::string& path);
