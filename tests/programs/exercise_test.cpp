// The exercises as people use them: ./walk exercise and ./walk grade, with answers of every kind. What each
// exercise promises is in tests of its own: `exercise verify 3.1`.
#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text.hpp"

namespace {

namespace fs = std::filesystem;

const std::string exercise_program = std::string("'") + PROGRAM_DIR + "/exercise'";
const std::string place = "03_causal_mask_and_dropout/1_hide_the_future",
                  file = place + "/hide_the_future.cpp";
const std::string answers = SOURCE_DIR "/tests/exercises/03_1_hide_the_future/";

// The compiler's cache and git look for the developer's own settings.
const std::vector<std::string> environment = {
    "LANG=C.UTF-8", std::string("HOME=") + (std::getenv("HOME") != nullptr ? std::getenv("HOME") : "/")};

Finished exercise(const std::string& arguments) {
    return run_piped(exercise_program + " " + arguments, environment);
}

// A student's folder, as `start` makes it.
class Student {
  public:
    explicit Student(const std::string& name = "student") : folder_(fs::path(files_.path(name))) {
        started = exercise("start '" + folder_.string() + "'");
    }
    [[nodiscard]] Finished run(const std::string& arguments) const {
        return exercise("--in '" + folder_.string() + "' " + arguments);
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
    }
    void answer_with(const std::string& which) const {
        write(file, contents_of(answers + which + "/hide_the_future.cpp"));
    }
    [[nodiscard]] fs::path path(const std::string& name) const { return folder_ / name; }

    Finished started;

  private:
    TemporaryFolder files_;
    fs::path folder_;
};

// "■□□□ 1 of 4", for the exercises of chapter 3.
std::string bar_of_chapter_3(std::size_t solved) {
    const fs::directory_iterator folders(SOURCE_DIR "/chapters/03_causal_mask_and_dropout/exercises");
    const auto all = static_cast<std::size_t>(std::distance(begin(folders), end(folders)));
    std::string bar;
    for (std::size_t i = 0; i < all; ++i) bar += i < solved ? "■" : "□";
    return fmt::format("{} {} of {}", bar, solved, all);
}

// A function of the skeleton's name, and what may stand before it.
std::string function(const std::string& body, const std::string& before = "") {
    return "#include \"common/tensor.hpp\"\n" + before +
           "\nMatrix hide_the_future(const Matrix& scores) {\n" + body + "\nreturn scores;\n}\n";
}

}  // namespace

TEST_CASE("exercise start makes a folder with tasks and skeletons, and no checks") {
    const Student student;
    CHECK(student.started.status == 0);
    CHECK(
        contents_of(student.path(file)) ==
        contents_of(SOURCE_DIR
                    "/chapters/03_causal_mask_and_dropout/exercises/1_hide_the_future/hide_the_future.cpp"));
    CHECK(fs::exists(student.path(place + "/README.md")));
    for (const auto& each : fs::recursive_directory_iterator(student.path(""))) {
        const std::string name = each.path().filename();
        CAPTURE(each.path());
        CHECK(name != "check.cpp");
        CHECK(name != "check.txt");
        CHECK(name != "hints.md");
        CHECK(name != "solution");
    }
    if (run_piped("git --version", {}).status == 0) {
        const std::string inside = "cd '" + student.path("").string() + "' && git ";
        CHECK(run_piped(inside + "log --oneline", environment).status == 0);
        CHECK(run_piped(inside + "status --short", environment).output.empty());
    }

    const Finished again = exercise("start '" + student.path("").string() + "'");
    CHECK(again.status == 2);
    CHECK(has(again.errors, "it is there already"));
}

TEST_CASE("exercise: the walk in a student's folder calls the checkout's walk with this folder") {
    const Student student;
    const std::string script = contents_of(student.path("walk"));
    CHECK(has(script, SOURCE_DIR));
    // A checkout that says what it is asked for.
    const TemporaryFolder checkout;
    const std::string walk = checkout.file("walk", "#!/bin/sh\necho \"$@\"\n");
    fs::permissions(walk, fs::perms::owner_exec, fs::perm_options::add);
    std::string changed = script;
    changed.replace(changed.find(SOURCE_DIR), std::string(SOURCE_DIR).size(),
                    fs::path(walk).parent_path().string());
    student.write("walk", changed);
    const std::string here = fs::canonical(student.path("")).string();
    CHECK(run_piped("'" + student.path("walk").string() + "' exercise hint 3.1", {}).output ==
          "exercise --in " + here + " hint 3.1\n");
    CHECK(run_piped("'" + student.path("walk").string() + "' 3 --step", {}).output == "3 --step\n");
}

TEST_CASE("exercise: every task names a step that the walk has") {
    int exercises = 0;
    std::map<int, std::string> walks;
    for (const auto& each : fs::recursive_directory_iterator(SOURCE_DIR "/chapters")) {
        if (each.path().filename() != "README.md" || !has(each.path().string(), "/exercises/")) continue;
        const std::string text = contents_of(each.path());
        const std::size_t start = text.find("./walk ");
        std::istringstream words(text.substr(start + 7, text.find('\n', start) - start - 7));
        int chapter = 0;
        words >> chapter;
        std::string& walk = walks[chapter];
        if (walk.empty()) walk = run_piped(program(chapter), environment).output;
        int steps = 0;
        for (std::string word; words >> word;) {
            if (std::isdigit(static_cast<unsigned char>(word.front())) == 0) continue;
            CAPTURE(each.path(), word);
            CHECK(has(walk, fmt::format("\n{:2}  ", std::stoi(word))));  // "6," is step 6
            ++steps;
        }
        CHECK(steps > 0);
        ++exercises;
    }
    CHECK(exercises >= 40);
}

TEST_CASE("exercise: from the skeleton to the solution") {
    const Student student;
    CHECK(has(student.run("").output, "  3.1   Hide the future"));
    CHECK(has(student.run("").output, bar_of_chapter_3(0)));

    const Finished skeleton = student.run("3.1");
    CHECK(skeleton.status == 1);
    CHECK(has(skeleton.output, "  What. Write `hide_the_future` in"));
    CHECK(has(skeleton.output, "1_hide_the_future/hide_the_future.cpp\n"));
    CHECK(has(skeleton.output, "Not written yet: every score with j > i must become -inf."));

    student.answer_with("wrong/mask-off-by-one_1");
    const Finished wrong = student.run("3.1");
    CHECK(wrong.status == 1);
    for (const char* words :
         {"✗ five tokens\n", "masked differs, first at token 0, key 0: yours -inf, here -0.1812838.",
          "given: scores\ntensor([[-0.1813", "your masked\ntensor([[   -inf", "expected\ntensor([[-0.1813",
          "The cause: the mask covers the diagonal too", "The walk shows it: ./walk 3, step 5"}) {
        CAPTURE(words);
        CHECK(has(wrong.output, words));
    }

    student.answer_with("solution");
    const Finished solved = student.run("3.1");
    CHECK(solved.status == 0);
    CHECK(has(solved.output,
              "✓ eleven tokens, with large scores\n\n✓ 3.1 is solved.\n  Next: ./walk exercise 3.2\n"));
    CHECK(has(student.run("").output, bar_of_chapter_3(1)));
    // Solved is what this file is, and not what another file was.
    student.answer_with("wrong/mask-inverted_2");
    CHECK(has(student.run("").output, bar_of_chapter_3(0)));
}

TEST_CASE("exercise: chapter 10 is listed after chapter 9, and its numbers are understood") {
    const Student student;
    const std::string list = student.run("").output;
    std::size_t before = 0;
    for (const char* line : {"Chapter 1: ", "  1.6   ", "Chapter 2: ", "Chapter 9: ", "  9.5   ",
                             "Chapter 10: ", "  10.1  ", "  10.6  "}) {
        CAPTURE(line);
        const std::size_t at = list.find(line);
        REQUIRE(at != std::string::npos);
        CHECK(at >= before);
        before = at;
    }
    CHECK(fs::exists(student.path("10_flash_attention/1_predict/answers.txt")));
    CHECK(student.run("hint 10.1").output.starts_with("10.1 "));
    CHECK(student.run("hint 1.1").output.starts_with("1.1 "));
    CHECK(student.run("reset 10.2").output == "10.2 is as it was at the start\n");
}

TEST_CASE("exercise hint: each call says more, and the last one stays") {
    const Student student;
    for (const char* start : {"hint 1 of 3", "hint 2 of 3", "hint 3 of 3", "hint 3 of 3"})
        CHECK(has(student.run("hint 3.1").output, start));
    CHECK(has(student.run("hint 3.2").output, "hint 1 of 3"));
}

TEST_CASE("exercise reset: the skeleton again, and nothing is lost") {
    const Student student;
    const std::string skeleton = contents_of(student.path(file));
    for (const char* mine : {"mine 1", "mine 2"}) {
        student.write(file, mine);
        CHECK(student.run("reset 3.1").status == 0);
        CHECK(contents_of(student.path(file)) == skeleton);
    }
    CHECK(contents_of(student.path(file + ".before-reset-1")) == "mine 1");
    CHECK(contents_of(student.path(file + ".before-reset-2")) == "mine 2");
    CHECK(student.run("reset 3.1").status == 0);
    CHECK_FALSE(fs::exists(student.path(file + ".before-reset-3")));
}

TEST_CASE("exercise: a compiler's error at the student's line") {
    const Student student;
    student.write(file, function("Matrix masked = scores return masked;"));
    const Finished plain = student.run("3.1");
    CHECK(plain.status == 1);
    CHECK(has(plain.output, "\n✗ hide_the_future.cpp:4:"));
    CHECK_FALSE(has(plain.output, "attn_exercise"));  // where it was built

    // The error is in a header of xtensor's; the line that leads there is the student's.
    student.write(
        file, function("Vector row = xt::sum(scores, {1});\nxt::xtensor<std::string, 2> words = scores;"));
    const Finished deep = student.run("3.1");
    CHECK(has(deep.output, "\n✗ hide_the_future.cpp:5:"));
    CHECK(has(deep.output, "error: no match"));
    CHECK(has(deep.output, "\n    5 | xt::xtensor<std::string, 2> words = scores;\n"));
    CHECK(std::count(deep.output.begin(), deep.output.end(), '\n') < 25);

    student.write(
        file,
        "#include \"common/tensor.hpp\"\nMatrix hide_future(const Matrix& scores) { return scores; }\n");
    CHECK(has(student.run("3.1").output, "hide_the_future(xt::"));
    CHECK(has(student.run("3.1").output,
              "is not there: keep the name and the arguments that the skeleton has"));
}

TEST_CASE("exercise: an index out of range is told, and what the code prints is shown") {
    const Student student;
    student.write(file, "#include \"common/tensor.hpp\"\nMatrix hide_the_future(const Matrix&) {\n}\n");
    CHECK(has(student.run("3.1").output, "✗ hide_the_future.cpp:3:"));
    student.write(file, function("int unused = 1;"));
    CHECK(has(student.run("3.1").output, "hide_the_future.cpp:4:5: warning: unused variable"));

    student.write(file, function("printf(\"row %d\\n\", 3); Matrix m = scores; m(9, 9) = 0.0f; return m;",
                                 "#include <cstdio>\n"));
    const Finished crashed = student.run("3.1");
    CHECK(has(crashed.output, "it threw an exception: index 9 is out of bounds"));
    CHECK(has(crashed.output, "your code printed\n  | row 3\n"));
}

TEST_CASE("exercise: of a tensor that does not fit a screen, the part with the first difference is shown") {
    const Student student;
    std::string cache = contents_of(SOURCE_DIR "/tests/exercises/05_3_the_cache/solution/cache.cpp");
    const std::string correct = "= new_keys(b, t, h, d);";
    REQUIRE(has(cache, correct));
    // Only the second sequence gets other numbers.
    cache.replace(cache.find(correct), correct.size(), "= new_keys(b, t, h, d) + static_cast<float>(b);");
    student.write("05_grouped_query_attention/3_the_cache/cache.cpp", cache);
    const std::string output = student.run("5.3").output;
    CAPTURE(output);
    CHECK(has(output, "cache differs, first at sequence 1, key 0, key head 0, column 0"));
    const std::string part = "]]])\n  (this is cache[1], a part of (2, 5, 2, 2))\n";
    std::size_t parts = 0;
    for (std::size_t at = 0; (at = output.find(part, at)) != std::string::npos; at += part.size()) ++parts;
    CHECK(parts == 3);  // what was given, the student's, the expected one
    CHECK(has(output, "given: new_keys\ntensor([[[[ 0.6450,"));  // whole, because it is small
}

TEST_CASE("exercise watch: checks after each save, goes on, and ends with Ctrl-C") {
    const Student student;
    const std::string folder = student.path("").string();
    const Finished watched = run_piped(
        exercise_program + " --in '" + folder + "' watch 3.1 >'" + folder + "/log' & watch=$!; " +
            "wait_for() { for i in $(seq 200); do grep -qs \"$1\" '" + folder +
            "/log' && return; sleep 0.1; done; exit 9; }; " +
            "wait_for 'Not written yet'; wait_for 'waiting for you'; cp '" + answers +
            "solution/hide_the_future.cpp' '" + folder + "/" + file + "'; wait_for '3.1 is solved'; " +
            "wait_for '3.2 The mask after softmax'; wait_for 'The walk shows it'; kill -INT $watch; wait $watch",
        environment);
    CHECK(watched.status == 130);
    CHECK(watched.errors.empty());
}

TEST_CASE("exercise refuses what it does not know in one line") {
    const Student student;
    for (const char* wrong : {"9.9", "3", "dance", "hint", "hint 9.9", "reset", "start", "3.1 3.2", "--wat",
                              "grade", "grade /dev/null"}) {
        CAPTURE(wrong);
        const Finished finished = student.run(wrong);
        CHECK(finished.status == 2);
        CHECK(finished.output.empty());
        CHECK(std::count(finished.errors.begin(), finished.errors.end(), '\n') == 1);
    }
}

namespace {

// Grades submissions of exercise 3.1: the result of each by its name, as "result: reason".
class Class {
  public:
    Class() { fs::create_directories(folder_.path("class")); }
    void hands_in(const std::string& name, const std::string& text) const {
        write(name, "hide_the_future.cpp", text);
    }
    void write(const std::string& name, const std::string& file_name, const std::string& text) const {
        fs::create_directories(path(name));
        std::ofstream(path(name) / file_name) << text;
    }
    // The folder of exercise 3.1 in one submission.
    [[nodiscard]] fs::path path(const std::string& name) const {
        return fs::path(folder_.path("class/" + name)) / place;
    }
    [[nodiscard]] std::string outside(const std::string& name) const { return folder_.path(name); }

    std::map<std::string, std::string> grades() const {
        const Finished finished = exercise("grade --json --only 3.1 '" + folder_.path("class") + "'/*");
        CAPTURE(finished.errors);
        std::map<std::string, std::string> results;
        for (const auto& row : nlohmann::json::parse(finished.output)) {
            const auto& answer = row.at("answers").at(0);
            results[fs::path(row.at("submission").get<std::string>()).filename()] =
                answer.at("result").get<std::string>() + ": " + answer.value("reason", "");
        }
        return results;
    }

  private:
    TemporaryFolder folder_;
};

const std::string solution = answers + "solution/hide_the_future.cpp";

}  // namespace

TEST_CASE("grade: hostile submissions are not solved, and harm nobody") {
    const Class students;
    const std::string right = contents_of(solution);
    students.hands_in("anna", right);
    students.hands_in("ben", contents_of(answers + "wrong/mask-inverted_2/hide_the_future.cpp"));
    students.hands_in("endless", function("for (volatile unsigned i = 0;; i = i + 1) {}"));
    students.hands_in("exit", function("std::exit(0);", "#include <cstdlib>\n"));
    students.hands_in("abort", function("std::abort();", "#include <cstdlib>\n"));
    students.hands_in("early",
                      function("", "#include <unistd.h>\nstatic const int ended = (_exit(0), 1);\n"));
    students.hands_in("loud",
                      function("for (int i = 0; i < 1000000; ++i) std::puts(\"passed, passed, passed\");",
                               "#include <cstdio>\n"));
    students.hands_in("large", function("return xt::ones<float>({6000, 6000});"));
    students.hands_in(
        "forged",
        function(
            "",
            "#include <unistd.h>\nstatic const auto sent = write(3, \"\\1\\0\\0\\0\\0\\0\\0\\0R\", 9);\n"));

    // What is beside the named file, is never used.
    students.hands_in("own_check", function("return scores;"));
    for (const char* name : {"check.cpp", "CMakeLists.txt", "check", "common/tensor.hpp"}) {
        fs::create_directories((students.path("own_check") / name).parent_path());
        students.write("own_check", name, right);
    }
    students.hands_in("own_header", "#include \"mine.hpp\"\n");
    students.write("own_header", "mine.hpp", right);

    // The solution stands on the same computer.
    students.hands_in("includes", "#include \"" + solution + "\"\n");
    students.hands_in("lesson", "#include \"chapters/03_causal_mask_and_dropout/causal_mask.hpp\"\n" + right);
    students.hands_in(
        "calls", "#include \"common/tensor.hpp\"\nnamespace ch3 { Matrix renormalize(const Matrix&); }\n" +
                     function("return ch3::renormalize(scores);"));
    fs::create_directories(students.path("link"));
    fs::create_symlink(solution, students.path("link") / "hide_the_future.cpp");
    fs::create_directories(students.path("linked_folder").parent_path());
    fs::create_directory_symlink(fs::path(solution).parent_path(), students.path("linked_folder"));
    fs::create_directories(students.path("pipe"));
    mkfifo((students.path("pipe") / "hide_the_future.cpp").c_str(), 0600);
    fs::create_directories(students.path("nothing"));

#ifndef ATTN_ADDRESS_SANITIZER  // it needs memory without a limit, handles signals itself, and opens files
    students.hands_in("memory",
                      function("std::vector<char*> all; for (;;) { all.push_back(new char[1 << 20]); "
                               "all.back()[0] = 1; }",
                               "#include <vector>\n"));
    students.hands_in("segfault", function("*reinterpret_cast<volatile int*>(8) = 1;"));
    students.hands_in(
        "stack",
        function("",
                 "int deep(int n) { volatile char all[4096]; all[0] = 1; return deep(n + 1) + all[0]; }\n"
                 "static const int start = deep(0);\n"));
    // Only where the kernel closes the student's process off.
    students.hands_in("reads", function("if (std::ifstream(\"" + solution + "\")) std::exit(7);",
                                        "#include <fstream>\n#include <cstdlib>\n"));
    students.hands_in("starts",
                      function("std::system(\"touch '" + students.outside("started") + "'\"); fork();",
                               "#include <unistd.h>\n#include <cstdlib>\n"));
    students.hands_in("kills", function("kill(getppid(), 9);", "#include <unistd.h>\n#include <csignal>\n"));
#endif

    std::map<std::string, std::string> grades = students.grades();
    const auto says = [&](const std::string& name, const std::string& words) {
        CAPTURE(name, grades[name], words);
        CHECK(has(grades[name], words));
    };
    says("anna", "solved: ");
    CHECK(std::count_if(grades.begin(), grades.end(),
                        [](const auto& each) { return each.second.starts_with("solved"); }) == 1);
    says("ben", "not solved: the mask covers the past and keeps the future");
    says("endless", "more than 10 seconds");
    says("exit", "it ended the program with status 0 before it returned");
    says("abort", "it called abort");
    says("early", "it ended the program with status 0 before it returned");
    says("loud", "it printed more than 64 KB");
    says("large", "its result is larger than 64 MB");
    says("forged", "its result cannot be read");
    says("own_check", "nothing is masked");
    says("own_header", "does not build: ");
    says("includes", "does not build: hide_the_future.cpp: it includes ");
    says("lesson",
         "it includes chapters/03_causal_mask_and_dropout/causal_mask.hpp, which is not for this exercise");
    says("calls", "it calls ch3::renormalize, the lesson's own function");
    says("link", "it is a symbolic link");
    says("linked_folder", "it is a symbolic link");
    says("pipe", "it is no regular file");
    says("nothing", "unreadable: ");
#ifndef ATTN_ADDRESS_SANITIZER
    says("memory", "more memory than the 2 GB");
    says("segfault", "it read or wrote memory that is not its own");
    says("stack", "it crashed");
    for (const char* name : {"reads", "starts", "kills"}) says(name, "nothing is masked");
    CHECK_FALSE(fs::exists(students.outside("started")));
#endif
}

TEST_CASE("grade: the table, and the reports for programs") {
    const Student anna("anna");
    anna.answer_with("solution");
    const Student ben("=ben, the \"second\"");
    ben.answer_with("wrong/mask-off-by-one_1");
    const TemporaryFolder files;
    const std::string both =
        "grade --only 3.1,3.2 '" + anna.path("").string() + "' '" + ben.path("").string() + "' ";
    const Finished finished =
        exercise(both + "--csv '" + files.path("g.csv") + "' --junit '" + files.path("g.xml") + "'");
    CHECK(finished.status == 1);
    CHECK(has(finished.output, " 3.1  3.2  solved\n"));
    CHECK(has(finished.output, "  ✓    ·    1 of 2\n"));
    CHECK(has(finished.output, "  ✗    ·    0 of 2\n"));
    const std::string csv = contents_of(files.path("g.csv"));
    CHECK(has(csv, "3.1,\"Hide the future\",not solved,mask-off-by-one,\"the mask covers the diagonal too"));
    CHECK(has(csv, "3.2,\"The mask after softmax\",not started,,\"\"\n"));
    CHECK(has(csv, "ben, the \"\"second\"\""));
    const std::string xml = contents_of(files.path("g.xml"));
    CHECK(has(xml, "tests=\"2\" failures=\"1\""));
    CHECK(has(xml, "<failure type=\"not started\""));

    CHECK(exercise("grade --only 3.1 '" + anna.path("").string() + "'").status == 0);
    // A terminal says what is going on. Equal answers are checked once: two skeletons of 3.2 are one.
    CHECK(has(run_on_terminal(exercise_program + " " + both, environment, 80).output,
              "grading 3 answers of 2 submissions"));
    // A file between the folders is a row of its own.
    const std::string stray = files.file("notes.txt", "");
    CHECK(has(exercise("grade --only 3.1 '" + anna.path("").string() + "' '" + stray + "'").output,
              "  ?    0 of 1\n"));
}

// tests/benchmarks/grade_class.py grades 60 students and all exercises; this is the same for three and one
// exercise of each kind.
TEST_CASE("grade: answers of all four kinds") {
    const std::map<std::string, std::string> folders = {{"3.1", "1_hide_the_future"},
                                                        {"3.2", "2_mask_after_softmax"},
                                                        {"3.3", "3_the_mask_in_pytorch"},
                                                        {"3.4", "4_predict_dropout"}};
    const Student skeletons("skeletons"), solutions("solutions"), mistakes("mistakes");
    std::map<std::string, std::string> causes;
    for (const auto& [id, folder] : folders) {
        const fs::path answer = fs::path(SOURCE_DIR "/tests/exercises") / ("03_" + folder);
        const fs::path here = fs::path("03_causal_mask_and_dropout") / folder;
        const fs::path mistake = *fs::directory_iterator(answer / "wrong");
        const auto over = fs::copy_options::overwrite_existing | fs::copy_options::recursive;
        fs::copy(answer / "solution", solutions.path(here), over);
        fs::copy(mistake, mistakes.path(here), over);
        const std::string name = mistake.filename();
        causes[id] = name.substr(0, name.rfind('_'));
    }
    const Finished finished =
        exercise("grade --json --only 3.1,3.2,3.3,3.4 '" + skeletons.path("").string() + "' '" +
                 solutions.path("").string() + "' '" + mistakes.path("").string() + "'");
    CHECK(finished.status == 1);
    const auto rows = nlohmann::json::parse(finished.output);
    REQUIRE(rows.size() == 3);
    for (std::size_t i = 0; i < folders.size(); ++i) {
        const auto answer = [&](std::size_t row) { return rows.at(row).at("answers").at(i); };
        const std::string id = answer(0).at("exercise").get<std::string>();
        CAPTURE(id);
        CHECK(answer(0).at("result").get<std::string>() == "not started");
        CHECK(answer(1).at("result").get<std::string>() == "solved");
        CHECK(answer(2).at("result").get<std::string>() == "not solved");
        CHECK(answer(2).value("cause", "") == causes.at(id));
    }
}
