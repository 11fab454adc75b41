// Refuses what this machine cannot hold, before it is allocated.
#pragma once
#include <string>

// Throws std::invalid_argument with both figures if `bytes` are more than the memory that is available now,
// within the limits set for this process. `what` needs them: "this layer with 4 tokens". Bytes are counted in
// double, in which no product of sizes overflows.
void require_memory(const std::string& what, double bytes);
