// The script `walk` on a checkout that a stand-in for CMake builds at once: what is built, when, and by whom.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

namespace fs = std::filesystem;

// Stands in for cmake: --build makes programs that print their name, unless another build is running.
constexpr const char* fake_cmake = R"(#!/bin/sh
echo "$*" >>"$LOG"
mkdir -p build/bin
if [ "$1" = --preset ]; then
    printf 'CMAKE_HOME_DIRECTORY:INTERNAL=%s\nATTN_KERNELS:BOOL=ON\nBUILD_TESTING:BOOL=ON\n' "$PWD" >build/CMakeCache.txt
    touch build/Makefile
    exit 0
fi
mkdir build/running || exit 1
sleep 0.3
rmdir build/running
[ ! -e "$BREAK" ] || { echo 'error: no such header'; exit 1; }
for program in "$4" show html_index $(ls chapters); do
    printf '#!/bin/sh\necho "%s in $(basename "$PWD") with $*"\n' "$program" >build/bin/$program
    chmod +x build/bin/$program
done
echo '[100%] Built target'
)";

class Checkout {
  public:
    explicit Checkout(const std::string& name = "checkout") : root_(folder_.path(name)) {
        fs::create_directories(root_ + "/chapters/03_masks/cuda");
        fs::create_directories(root_ + "/chapters/01_softmax");
        fs::create_directories(root_ + "/data");
        for (const char* part : {"cmake", "common"}) fs::create_directories(root_ + "/" + part);
        for (const char* part : {"CMakeLists.txt", "CMakePresets.json", "data/notebook_prints.json",
                                 "data/torch_prints.json", "common/tensor.cpp"}) {
            std::ofstream(root_ + "/" + part) << part;
        }
        std::ofstream(root_ + "/chapters/01_softmax/README.md") << "# Chapter 1: Softmax\n";
        std::ofstream(root_ + "/chapters/03_masks/README.md") << "# Chapter 3: Masks\n";
        fs::copy(SOURCE_DIR "/walk", root_ + "/walk");

        fs::create_directory(folder_.path("bin"));
        program("cmake", fake_cmake);
        program("dpkg-query", "#!/bin/sh\necho install ok installed\n");
        fs::create_directory(folder_.path("elsewhere"));
        fs::permissions(folder_.path(""), fs::perms::all);
    }

    // Runs a command in the folder "elsewhere" of another user; $W is the script.
    [[nodiscard]] Finished run(const std::string& command) const {
        return run_piped(
            "export PATH=\"" + folder_.path("bin") + ":$PATH\"; cd '" + folder_.path("elsewhere") + "' && " +
                command,
            {"LANG=C.UTF-8", "LOG=" + log(), "BREAK=" + folder_.path("break"), "W=" + root_ + "/walk"});
    }

    [[nodiscard]] std::string log() const { return folder_.path("log"); }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }
    [[nodiscard]] std::string root() const { return root_; }

    // The targets that were built since the last call.
    [[nodiscard]] std::string built() const {
        std::ifstream lines(log());
        std::string targets;
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("--build")) targets += line.substr(line.rfind(' ') + 1) + " ";
        }
        fs::remove(log());
        return targets;
    }

    void touch(const std::string& name) const {
        fs::last_write_time(root_ + "/" + name, fs::file_time_type::clock::now() + std::chrono::seconds(2));
    }

  private:
    void program(const std::string& name, const std::string& text) const {
        std::ofstream(folder_.path("bin/" + name)) << text;
        fs::permissions(folder_.path("bin/" + name),
                        fs::perms::owner_all | fs::perms::others_exec | fs::perms::others_read);
    }

    TemporaryFolder folder_;
    std::string root_;
};

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("walk script: what is asked for is built, once") {
    const Checkout checkout;
    const Finished first = checkout.run("\"$W\" 3 --full");
    CHECK(first.status == 0);
    CHECK(first.output == "03_masks in elsewhere with --full\n");
    CHECK(checkout.built() == "03_masks ");

    // Nothing has changed: CMake is not even started.
    const Finished second = checkout.run("\"$W\" 3");
    CHECK(second.output == "03_masks in elsewhere with \n");
    CHECK(second.errors.empty());
    CHECK_FALSE(fs::exists(checkout.log()));

    checkout.touch("common/tensor.cpp");
    CHECK(checkout.run("\"$W\" 3").status == 0);
    CHECK(checkout.built() == "03_masks ");
}

TEST_CASE("walk script: kernels are built where --device asks for them") {
    const Checkout checkout;
    CHECK(has(checkout.run("\"$W\" 3 --device emulated --warp 0").output, "03_masks_on_device in elsewhere"));
    CHECK(checkout.built() == "03_masks_on_device ");
    CHECK(has(checkout.run("\"$W\" 3 --device=cuda").output, "03_masks_on_device in elsewhere"));
    CHECK(has(checkout.run("\"$W\" 3 --device cpu").output, "03_masks in elsewhere"));
    CHECK(
        has(checkout.run("\"$W\" 1 --device emulated").output, "01_softmax in elsewhere"));  // has no kernels
}

TEST_CASE("walk script: through a link, with CDPATH, and in a folder with a space, a quote and an umlaut") {
    const Checkout checkout("ü'x y");
    CHECK(checkout.run("\"$W\" 3").output == "03_masks in elsewhere with \n");
    fs::create_symlink(checkout.root() + "/walk", checkout.path("absolute"));
    fs::create_symlink("../absolute", checkout.path("elsewhere/relative"));
    fs::create_directories(checkout.path("trap/chapters"));
    const Finished linked = checkout.run("export CDPATH=../trap; ./relative list");
    CHECK(linked.status == 0);
    CHECK(has(linked.output, "Masks"));
    CHECK(checkout.run("CDPATH=../trap ../absolute 3").output == "03_masks in elsewhere with \n");
}

TEST_CASE("walk script: two at once build one after the other") {
    const Checkout checkout;
    const Finished both = checkout.run("{ \"$W\" 1 & \"$W\" 3 & wait %1 && wait %2; }");
    CHECK(both.status == 0);
    CHECK(has(both.output, "01_softmax in elsewhere"));
    CHECK(has(both.output, "03_masks in elsewhere"));
    CHECK(has(both.errors, "another ./walk is building"));
}

TEST_CASE("walk script: a build that fails says so, and the next one builds again") {
    const Checkout checkout;
    std::ofstream(checkout.path("break")) << "";
    const Finished broken = checkout.run("\"$W\" 3");
    CHECK(broken.status == 2);
    CHECK(broken.output.empty());
    CHECK(has(broken.errors, "error: no such header"));
    CHECK(has(broken.errors, "walk: chapter 3 could not be built, as said above"));
    fs::remove(checkout.path("break"));
    CHECK(checkout.run("\"$W\" 3").output == "03_masks in elsewhere with \n");
}

TEST_CASE("walk script: a user who may not write the checkout runs what is there") {
    // Root may write everywhere, so another user runs the script.
    const bool is_root = geteuid() == 0;
    if (is_root && run_piped("command -v setpriv", {}).status != 0) {
        WARN("not tried: root needs setpriv to run the script as another user");
        return;
    }
    const std::string as_other = is_root ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
    const Checkout checkout;
    CHECK(checkout.run("\"$W\" 3").status == 0);
    for (const char* part : {"", "/build", "/build/.walk", "/build/bin"}) {
        fs::permissions(checkout.root() + part, fs::perms::owner_read | fs::perms::owner_exec |
                                                    fs::perms::others_read | fs::perms::others_exec);
    }
    CHECK(checkout.run(as_other + "\"$W\" 3").output == "03_masks in elsewhere with \n");

    checkout.touch("common/tensor.cpp");
    const Finished older = checkout.run(as_other + "\"$W\" 3");
    CHECK(older.status == 0);
    CHECK(older.output == "03_masks in elsewhere with \n");
    CHECK(lines_in(older.errors) == 1);
    CHECK(has(older.errors, "chapter 3 may be older than its sources"));

    const Finished missing = checkout.run(as_other + "\"$W\" 3 --device emulated");
    CHECK(missing.status == 2);
    CHECK(lines_in(missing.errors) == 1);
    CHECK(has(missing.errors, "is not built, and you may not write"));
    for (const char* part : {"", "/build", "/build/.walk", "/build/bin"}) {
        fs::permissions(checkout.root() + part, fs::perms::owner_all);
    }
}

TEST_CASE("walk script: a folder in which CMake cannot build is refused in one line") {
    const std::string name = GENERATE(as<std::string>{}, "a;b", "a\"b", "a[x]", "a\\b", "a\nb");
    CAPTURE(name);
    const Checkout checkout(name);
    const Finished finished = checkout.run("\"$W\" 3");
    CHECK(finished.status == 2);
    CHECK(finished.output.empty());
    CHECK(lines_in(finished.errors) == 1);
    CHECK(has(finished.errors, "rename that folder"));
    CHECK_FALSE(fs::exists(checkout.log()));
}

TEST_CASE("walk script: an empty word is no chapter") {
    const Checkout checkout;
    const Finished finished = checkout.run("\"$W\" ''");
    CHECK(finished.status == 2);
    CHECK(lines_in(finished.errors) == 1);
    CHECK(has(finished.errors, "no chapter or command ''"));
}
