// The command ./walk: what it builds and when, in a small checkout whose CMake writes down what it is asked
// for.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

namespace fs = std::filesystem;

// Configures and builds in no time: programs that print their names and options. SLOW, FAILS and INTERRUPTED
// change it.
constexpr const char* cmake_that_builds_nothing = R"sh(#!/bin/sh
echo "$*" >>"$ASKED"
case $1 in
    --preset)
        mkdir -p build
        kernels=OFF
        [ "$2" = walk ] || kernels=ON
        { echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD"
          echo "ATTN_KERNELS:BOOL=$kernels"
          echo "BUILD_TESTING:BOOL=$kernels"; } >build/CMakeCache.txt
        [ -z "${INTERRUPTED:-}" ] || exit 130
        touch build/Makefile
        echo "-- CUDA is left out (no nvcc)" ;;
    --build)
        if [ -n "${FAILS:-}" ]; then echo "x.cpp:1: error: no"; exit 2; fi
        sleep "${SLOW:-0}"
        mkdir -p build/bin
        for done in 10 30 55 80 100; do echo "[ $done%] Building CXX object common/CMakeFiles/attn_torch.dir/a.o"; done
        for program in 01_one 05_five 05_five_on_device 05_five_with_flash show html_index exercise; do
            printf '#!/bin/sh\necho "%s $*"\n' $program >build/bin/$program
            chmod +x build/bin/$program
        done ;;
esac
)sh";

void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

// A checkout with two chapters, of which one has kernels and an engine, in a folder of this name.
class Checkout {
  public:
    explicit Checkout(const std::string& name = "checkout") : root_(fs::path(folder_.path(name))) {
        fs::create_directories(root_);
        fs::copy_file(SOURCE_DIR "/walk", root_ / "walk");
        for (const char* file :
             {"CMakeLists.txt", "CMakePresets.json", "cmake/a", "common/a.cpp", "data/notebook_prints.json",
              "data/torch_prints.json", "chapters/05_five/cuda/a", "chapters/05_five/walk.cpp"})
            write(root_ / file, "");
        write(root_ / "chapters/01_one/README.md", "# Chapter 1: One\n");
        write(root_ / "chapters/CMakeLists.txt",
              "attn_add_chapter(01_one)\nattn_add_chapter(05_five ENGINE)\n");

        // Nothing is installed in a test, and no other program answers for CMake.
        for (const auto& [program, text] : {std::pair{"cmake", cmake_that_builds_nothing},
                                            {"dpkg-query", "#!/bin/sh\necho install ok installed\n"}}) {
            write(bin(program), text);
            fs::permissions(bin(program), fs::perms::owner_exec, fs::perm_options::add);
        }
        for (const char* program :
             {"bash", "env",   "dirname", "readlink", "basename", "ls",    "tr",      "sed",
              "grep", "awk",   "find",    "head",     "mkdir",    "touch", "mv",      "rm",
              "ln",   "sleep", "cat",     "id",       "nproc",    "chmod", "setpriv", "sh"}) {
            for (const char* place : {"/usr/bin/", "/bin/"})
                if (fs::exists(place + std::string(program)) && !fs::exists(bin(program)))
                    fs::create_symlink(place + std::string(program), bin(program));
        }
        for (const auto& file : {folder_.path(""), root_.string()}) fs::permissions(file, fs::perms(0755));
    }

    // A shell command in the folder that the checkout is in; $walk is the script.
    [[nodiscard]] Finished run(const std::string& command, const std::string& environment = "") const {
        return run_piped(inside(command), variables(environment));
    }
    [[nodiscard]] Finished run_on_a_terminal(const std::string& command) const {
        return run_on_terminal(inside(command), variables(""), 80);
    }

    // What CMake was asked for since the last time, a line each.
    std::string asked() {
        const std::string text = contents_of(folder_.path("asked"));
        fs::remove(folder_.path("asked"));
        return text;
    }

    // As if written after the last build.
    void change(const std::string& file) const {
        fs::last_write_time(root_ / file, fs::file_time_type::clock::now() + std::chrono::seconds(1));
    }

    void install_flock() const { fs::create_symlink("/usr/bin/flock", bin("flock")); }
    [[nodiscard]] fs::path path(const std::string& name) const { return root_ / name; }
    [[nodiscard]] std::string outside(const std::string& name) const { return folder_.path(name); }

  private:
    [[nodiscard]] std::string bin(const std::string& program) const { return folder_.path("bin/" + program); }
    [[nodiscard]] std::string inside(const std::string& command) const {
        return "cd \"$FOLDER\" && PATH=$FOLDER/bin && " + command;
    }
    [[nodiscard]] std::vector<std::string> variables(const std::string& more) const {
        std::vector<std::string> all = {"LANG=C.UTF-8", "HOME=/nonexistent",
                                        "FOLDER=" + fs::path(folder_.path("")).parent_path().string(),
                                        "walk=" + (root_ / "walk").string(),
                                        "ASKED=" + folder_.path("asked")};
        if (!more.empty()) all.push_back(more);
        return all;
    }

    TemporaryFolder folder_;
    fs::path root_;
};

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("walk builds the chapter that is asked for, and nothing where nothing has changed") {
    Checkout checkout;
    const Finished first = checkout.run("\"$walk\" 1 --full 'a b'");
    CHECK(first.output == "01_one --full a b\n");
    CHECK(first.status == 0);
    CHECK(checkout.asked() == "--preset walk\n--build build --target 01_one\n");

    CHECK(checkout.run("\"$walk\" 1").output == "01_one \n");
    CHECK(checkout.asked() == "");

    checkout.change("common/a.cpp");
    CHECK(checkout.run("\"$walk\" 1").errors.starts_with("walk: building chapter 1\n"));
    CHECK(checkout.asked() == "--build build --target 01_one\n");

    CHECK(checkout.run("\"$walk\" show x.npy").output == "show x.npy\n");
    CHECK(checkout.asked() == "--build build --target show\n");
}

TEST_CASE("walk builds the program of the exercises, and for it the checks that it asks for") {
    Checkout checkout;
    const Finished listed = checkout.run("\"$walk\" exercise hint 1.2");
    CHECK(listed.output == "exercise hint 1.2\n");
    CHECK(checkout.asked() == "--preset walk\n--build build --target exercise\n");
    CHECK(checkout.run("\"$walk\" grade 'a b' --json").output == "exercise grade a b --json\n");
    CHECK(checkout.asked() == "");

    CHECK(checkout.run("\"$walk\" build-exercises 1.2 1.2").status == 0);
    CHECK(checkout.asked() == "--build build --target exercise_1_2\n");
    CHECK(checkout.run("\"$walk\" build-exercises 10.1").status == 0);
    CHECK(checkout.asked() == "--build build --target exercise_10_1\n");
    CHECK(checkout.run("\"$walk\" build-exercises all 5.1").status == 0);
    CHECK(checkout.asked() == "--build build --target exercises\n");
}

TEST_CASE("walk: a build of everything counts for each chapter, and a new file makes it old") {
    Checkout checkout;
    CHECK(checkout.run("\"$walk\"").status == 0);
    CHECK(checkout.asked() == "--preset walk\n--build build --target walk\n");
    CHECK(checkout.run("\"$walk\" 5").output == "05_five \n");
    CHECK(checkout.asked() == "");

    checkout.change("chapters/05_five");
    CHECK(checkout.run("\"$walk\" 5").status == 0);
    CHECK(checkout.asked() == "--build build --target 05_five\n");
}

TEST_CASE("walk builds kernels where --device asks for them") {
    Checkout checkout;
    for (const char* options : {"", " --device cpu", " --warp 1", " --device=gpu"}) {
        CAPTURE(options);
        CHECK(checkout.run("\"$walk\" 5" + std::string(options)).output.starts_with("05_five "));
    }
    CHECK_FALSE(has(checkout.asked(), "on_device"));

    const Finished emulated = checkout.run("\"$walk\" 5 --device emulated --warp 1");
    CHECK(emulated.output == "05_five_on_device --device emulated --warp 1\n");
    CHECK(has(emulated.errors, "walk: CUDA is left out (no nvcc)\n"));
    CHECK(checkout.asked() == "--preset default\n--build build --target 05_five_on_device\n");

    CHECK(checkout.run("\"$walk\" 5 --device=cuda").output == "05_five_on_device --device=cuda\n");
    CHECK(checkout.asked() == "");
    CHECK(checkout.run("\"$walk\" 1 --device cuda").output ==
          "01_one --device cuda\n");  // it refuses by itself
}

TEST_CASE("walk builds the program with the engine where --engine flash asks for it") {
    Checkout checkout;
    for (const char* options : {"", " --engine lesson", " --engine=fast", " --config --engine"}) {
        CAPTURE(options);
        CHECK(checkout.run(std::string("\"$walk\" 5") + options).output ==
              "05_five" + std::string(options) + (*options == '\0' ? " \n" : "\n"));
    }
    CHECK_FALSE(has(checkout.asked(), "with_flash"));

    CHECK(checkout.run("\"$walk\" 5 --config c.json --engine flash").output ==
          "05_five_with_flash --config c.json --engine flash\n");
    CHECK(checkout.asked() == "--build build --target 05_five_with_flash\n");
    CHECK(checkout.run("\"$walk\" 5 --engine=flash --prefill 2").output ==
          "05_five_with_flash --engine=flash --prefill 2\n");
    CHECK(checkout.asked() == "");  // nothing has changed
    // Both programs refuse this pair, and this one is built sooner.
    CHECK(has(checkout.run("\"$walk\" 5 --engine flash --device cuda").output, "05_five_with_flash"));
    CHECK(checkout.run("\"$walk\" 1 --engine flash").output ==
          "01_one --engine flash\n");  // it refuses by itself
}

TEST_CASE("walk: two at once build once, and the second says that it waits") {
    Checkout checkout;
    if (GENERATE(true, false)) checkout.install_flock();
    const Finished both = checkout.run("export SLOW=1; \"$walk\" 1 & sleep 0.3; \"$walk\" 1; wait");
    CHECK(both.output == "01_one \n01_one \n");
    CHECK(both.status == 0);
    CHECK(has(both.errors, "walk: another ./walk is building; this one waits for it\n"));
    CHECK(checkout.asked() == "--preset walk\n--build build --target 01_one\n");
}

TEST_CASE("walk: a build that ended without a word holds up nobody") {
    Checkout checkout;
    fs::create_directories(checkout.path("build/.walk"));
    fs::create_symlink("999999999", checkout.path("build/.walk/builder"));
    const Finished finished = checkout.run("\"$walk\" 1");
    CHECK(finished.status == 0);
    CHECK_FALSE(has(finished.errors, "waits"));
    CHECK_FALSE(fs::is_symlink(checkout.path("build/.walk/builder")));
}

TEST_CASE("walk: what fails or is interrupted is tried again the next time") {
    Checkout checkout;
    const Finished failed = checkout.run("\"$walk\" 1", "FAILS=1");
    CHECK(failed.status == 2);
    CHECK(failed.output == "");
    CHECK(has(failed.errors, "x.cpp:1: error: no\n"));
    CHECK(has(failed.errors, "walk: chapter 1 could not be built, as said above; ./walk doctor shows"));
    CHECK(checkout.run("\"$walk\" 1").status == 0);

    Checkout interrupted;
    // CMake had come as far as its cache.
    CHECK(interrupted.run("\"$walk\" 1", "INTERRUPTED=1").status == 2);
    CHECK(fs::exists(interrupted.path("build/CMakeCache.txt")));
    interrupted.asked();
    CHECK(interrupted.run("\"$walk\" 1").output == "01_one \n");
    CHECK(interrupted.asked() == "--preset walk\n--build build --target 01_one\n");
}

TEST_CASE("walk: a build folder from another checkout starts afresh") {
    Checkout checkout;
    CHECK(checkout.run("\"$walk\" 1").status == 0);
    write(checkout.path("build/CMakeCache.txt"), "CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere\n");
    checkout.change("common/a.cpp");
    checkout.asked();
    CHECK(has(checkout.run("\"$walk\" 1").errors,
              "walk: build/ belongs to another checkout; building afresh\n"));
    CHECK(checkout.asked() == "--preset walk --fresh\n--build build --target 01_one\n");
}

TEST_CASE("walk: one line of progress, which moves on a terminal") {
    Checkout checkout;
    CHECK(checkout.run("\"$walk\" 1").errors ==
          "walk: CUDA is left out (no nvcc)\nwalk: building chapter 1\nwalk: building chapter 1: 30 %\n"
          "walk: building chapter 1: 55 %\nwalk: building chapter 1: 80 %\n");
    const Finished shown = checkout.run_on_a_terminal("\"$walk\" show x");
    CHECK(has(shown.output, "\033[Kwalk: building show: 55 %  attn_torch\033[K"));
    CHECK(lines_in(shown.output) == 2);
}

TEST_CASE("walk: in a checkout that may not be written the programs that are there run") {
    Checkout checkout;
    const std::string as_another = geteuid() == 0 ? "setpriv --reuid 65534 --clear-groups " : "";
    const auto protect = [&](bool is_protected) {
        const fs::perms bits = is_protected ? fs::perms(0555) : fs::perms(0755);
        for (const char* name : {"build", "build/.walk", "."})
            if (fs::exists(checkout.path(name))) fs::permissions(checkout.path(name), bits);
    };
    protect(true);
    const Finished nothing = checkout.run(as_another + "\"$walk\" 1");
    CHECK(nothing.status == 2);
    CHECK(lines_in(nothing.errors) == 1);
    CHECK(has(nothing.errors, "chapter 1 is not built, and you may not write"));

    protect(false);
    CHECK(checkout.run("\"$walk\" 1").status == 0);
    protect(true);
    checkout.asked();
    const Finished same = checkout.run(as_another + "\"$walk\" 1");
    CHECK(same.output == "01_one \n");
    CHECK(same.errors == "");

    checkout.change("common/a.cpp");
    const Finished older = checkout.run(as_another + "\"$walk\" 1");
    CHECK(older.output == "01_one \n");
    CHECK(older.status == 0);
    CHECK(lines_in(older.errors) == 1);
    CHECK(has(older.errors, "may be older than its sources"));
    CHECK(checkout.asked() == "");
    protect(false);
}

TEST_CASE("walk finds its checkout through links and whatever CDPATH says") {
    Checkout checkout;
    fs::create_directories(checkout.outside("links/more"));
    fs::create_symlink("../../checkout/walk", checkout.outside("links/more/second"));
    fs::create_symlink("more/second", checkout.outside("links/first"));
    const Finished linked = checkout.run("links/first list");
    CHECK(has(linked.output, "01_one"));
    CHECK(linked.status == 0);

    write(checkout.outside("other/checkout/chapters/09_nine/README.md"), "# Chapter 9: Nine\n");
    const Finished led_astray = checkout.run("checkout/walk list", "CDPATH=" + checkout.outside("other"));
    CHECK(has(led_astray.output, "01_one"));
    CHECK_FALSE(has(led_astray.output, "09_nine"));
}

TEST_CASE("walk: a path that CMake can build in is no matter, another is refused before it") {
    const std::string taken = GENERATE(as<std::string>{}, "ü'x y", "x,y(z)&%~", "it's");
    Checkout fine(taken);
    CHECK(fine.run("\"$walk\" 1").output == "01_one \n");

    const std::string refused =
        GENERATE(as<std::string>{}, "q\"x", "s;x", "b\\x", "[x]", "n\nx", "a:b", "d$x", "h#x", "s*x");
    CAPTURE(refused);
    Checkout checkout(refused);
    const Finished finished = checkout.run("\"$walk\" 1");
    CHECK(finished.status == 2);
    CHECK(finished.output == "");
    CHECK(lines_in(finished.errors) == 1);
    CHECK(has(finished.errors, "rename that folder"));
    CHECK(checkout.asked() == "");
    CHECK(checkout.run("\"$walk\" list").status == 0);
}

TEST_CASE("walk refuses an empty word") {
    Checkout checkout;
    const Finished finished = checkout.run("\"$walk\" ''");
    CHECK(finished.status == 2);
    CHECK(finished.errors ==
          "walk: there is no chapter or command ''; ./walk --help shows all, ./walk list the chapters\n");
}
