#include "tests/support/reference.hpp"

#include <fstream>
#include <stdexcept>

nlohmann::json load_reference(const std::string& file_name) {
    const std::string path = std::string(SOURCE_DIR) + "/data/" + file_name;
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path);
    return nlohmann::json::parse(file);
}
