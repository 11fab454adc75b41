// Opening and saving by ending, whole or not at all.
#include "common/files/tensor_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "common/files/atomic_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

std::vector<std::string> names_in(const TemporaryFolder& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path(""))) {
        names.push_back(entry.path().filename());
    }
    return names;
}

// While it lives, no file may grow beyond `bytes`: a full disk, as far as write() is concerned.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &limit_);
        const rlimit smaller{bytes, limit_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &smaller);
    }
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &limit_);
        std::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    void (*handler_)(int);
    rlimit limit_{};
};

}  // namespace

TEST_CASE("files that cannot be opened, and why") {
    const TemporaryFolder folder;
    const auto error = [](const std::string& path) { return error_of([&] { open_tensor_file(path); }); };
    CHECK(has(error(folder.path("none.npy")), "none.npy: there is no such file; check the path"));
    CHECK(has(error(folder.path("none/none.npy")), "there is no such file"));
    CHECK(has(error(folder.file("empty.npz", "")), "empty.npz: is empty"));
    CHECK(has(error(folder.file("model.pt", "PK")), "model.pt: its ending is none of .safetensors, .npy"));
    CHECK(has(error(folder.file("plain", "1")), "its ending is none of"));

    std::filesystem::create_directory(folder.path("folder.csv"));
    CHECK(has(error(folder.path("folder.csv")), "folder.csv: is a folder"));
    REQUIRE(mkfifo(folder.path("pipe.csv").c_str(), 0600) == 0);
    CHECK(has(error(folder.path("pipe.csv")), "pipe.csv: is no plain file"));

    // Root may read everything.
    const std::string secret = folder.file("secret.csv", "1");
    std::filesystem::permissions(secret, std::filesystem::perms::none);
    if (geteuid() != 0) CHECK(has(error(secret), "secret.csv: may not be read"));
}

TEST_CASE("what cannot be saved is refused, and nothing is written") {
    const TemporaryFolder folder;
    const auto error = [&](const std::string& name, const NamedTensors& tensors) {
        return error_of([&] { save_tensors(folder.path(name), tensors); });
    };
    const AnyTensor one(1.0f);
    CHECK(has(error("x.pt", {{"a", one}}), "x.pt: its ending is none of .safetensors, .npz and .json"));
    CHECK(has(error("x.npz", {{"a", one}, {"a", one}}), "two tensors are to be called \"a\""));
    CHECK(has(error("x.npz", {{"a", tensor<float>({2}, {1.0f})}}), "\"a\" has 1 values for the shape (2,)"));
    CHECK(has(error("x.safetensors", {{"__metadata__", one}}), "cannot be called __metadata__"));
    CHECK(has(error("none/x.npz", {{"a", one}}), "none/x.npz: cannot be written: No such file"));
    CHECK(names_in(folder).empty());
}

TEST_CASE("json: shapes, types and values, and a text where JSON has no number") {
    const TemporaryFolder folder;
    NamedTensors tensors = unfriendly_tensors();
    tensors.emplace_back("\"q\"\n", tensor<std::complex<float>>({1}, {{1.0f, -0.5f}}));
    save_tensors(folder.path("all.json"), tensors);
    const nlohmann::json json = nlohmann::json::parse(contents_of(folder.path("all.json")));
    CHECK(json.size() == tensors.size());
    CHECK(json["w_q"]["dtype"] == "float32");
    CHECK(json["w_q"]["shape"] == nlohmann::json({2, 3}));
    CHECK(json["w_q"]["values"].get<std::vector<float>>() ==
          std::get<std::vector<float>>(tensors[0].second.values));
    CHECK(std::signbit(json["w_q"]["values"][3].get<float>()));
    CHECK(has(contents_of(folder.path("all.json")), ", -0.0, "));
    CHECK(json["scores"]["values"] == nlohmann::json({"NaN", "Infinity", "-Infinity", 1, -1}));
    CHECK(json["token_ids"]["values"] == nlohmann::json({std::numeric_limits<std::int64_t>::min(), 7}));
    CHECK(json["a mask"]["values"] == nlohmann::json({true, false, true}));
    CHECK(json["empty"]["shape"] == nlohmann::json({0, 4}));
    CHECK(json["loss"]["shape"] == nlohmann::json::array());
    CHECK(json["\"q\"\n"]["values"] == nlohmann::json({{1, -0.5}}));
}

TEST_CASE("a full disk leaves the old file as it was, and nothing beside it") {
    const TemporaryFolder folder;
    const std::string name = GENERATE(as<std::string>{}, "w.safetensors", "w.npz", "w.json");
    const NamedTensors tensors = {{"w", tensor({100, 100}, std::vector<float>(10000, 0.1f))}};
    const std::string path = folder.file(name, "the old file");
    std::string error;
    {
        const FullDisk full(1000);
        error = error_of([&] { save_tensors(path, tensors); });
    }
    CHECK(has(error, path + ": cannot be written: File too large; make room"));
    CHECK(contents_of(path) == "the old file");
    CHECK(names_in(folder) == std::vector<std::string>{name});

    // With room again it is replaced.
    save_tensors(path, tensors);
    CHECK(contents_of(path).size() > 40000);
    CHECK(names_in(folder) == std::vector<std::string>{name});
}

TEST_CASE("a saved file may be read by whom the umask allows") {
    const TemporaryFolder folder;
    const mode_t before = umask(027);
    write_file(folder.path("x"), "");
    umask(before);
    struct stat facts {};
    REQUIRE(stat(folder.path("x").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0640U);
}
