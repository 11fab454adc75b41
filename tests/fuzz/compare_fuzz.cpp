// A whole chapter's --compare, as a reader runs it: chapter 1 tells its walk, reads a file, pairs its prints,
// looks for causes, and reports. The file is read once as a notebook and once as a text. Later chapters also
// try dozens of seeds for each tensor that differs, which takes seconds here.
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "tests/fuzz/fuzz_file.hpp"

int main_of_chapter_1(int argc, char** argv);  // its main function, under another name

namespace {

// A folder with links to what is in memory only: the ending of a name decides how it is read.
class Links {
  public:
    Links() {
        std::string name = std::filesystem::temp_directory_path() / "attn_fuzz.XXXXXX";
        if (mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
    }
    ~Links() { std::filesystem::remove_all(folder_); }
    Links(const Links&) = delete;
    Links& operator=(const Links&) = delete;

    [[nodiscard]] std::string link(const std::string& name, const std::string& target) const {
        const std::filesystem::path path = folder_ / name;
        std::filesystem::remove(path);
        std::filesystem::create_symlink(target, path);
        return path;
    }

  private:
    std::filesystem::path folder_;
};

void compare(std::vector<std::string> arguments) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    const int status = main_of_chapter_1(static_cast<int>(pointers.size()), pointers.data());
    if (status < 0 || status > 2) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Links links;
    const FuzzFile file(data, size);
    compare({"walk", "--compare", links.link("fuzz.ipynb", file.path())});
    compare({"walk", "--compare", links.link("fuzz.txt", file.path()), "--json"});
    return 0;
}
