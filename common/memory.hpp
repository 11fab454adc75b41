// Refuses work that does not fit into this machine's memory, before anything is allocated.
#pragma once
#include <string>

// Throws std::invalid_argument with both figures if `bytes` is more than the memory that is available now,
// within the limits set for this process. `what` names the work that needs the memory: "this layer with 4
// tokens". `bytes` is a double, because no product of sizes overflows a double.
void require_memory(const std::string& what, double bytes);
