#include "common/files/npz.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>

#include "common/files/file_error.hpp"
#include "common/files/mapped_file.hpp"
#include "common/files/npy.hpp"

namespace {

// libzip's objects, let go without being written.
struct Discard {
    void operator()(zip_t* archive) const { zip_discard(archive); }
    void operator()(zip_source_t* source) const { zip_source_free(source); }
    void operator()(zip_file_t* member) const { zip_fclose(member); }
};
using Archive = std::unique_ptr<zip_t, Discard>;
using Source = std::unique_ptr<zip_source_t, Discard>;
using Member = std::unique_ptr<zip_file_t, Discard>;

[[noreturn]] void refuse(const std::string& path, const std::string& problem) {
    throw FileError(path, problem, "it is damaged, or not a .npz file; save it again with numpy.savez");
}

// An archive that reads, or is written to, `source`; the archive then owns it.
Archive open_archive(Source source, int flags, const std::string& path) {
    zip_error_t error;
    zip_error_init(&error);
    Archive archive(zip_open_from_source(source.get(), flags, &error));
    const std::string problem = archive ? "" : zip_error_strerror(&error);
    zip_error_fini(&error);
    if (!archive) refuse(path, problem);
    static_cast<void>(source.release());
    return archive;
}

Source memory(const void* data, std::size_t size, const std::string& path) {
    Source source(zip_source_buffer_create(data, size, 0, nullptr));
    if (!source) refuse(path, "libzip has no memory left");
    return source;
}

// All bytes of a source that an archive was written to.
std::string contents_of(zip_source_t* source, const std::string& path) {
    zip_stat_t facts;
    if (zip_source_stat(source, &facts) != 0 || zip_source_open(source) != 0) refuse(path, "libzip lost it");
    std::string contents(facts.size, '\0');
    const zip_int64_t read = zip_source_read(source, contents.data(), contents.size());
    zip_source_close(source);
    if (read != static_cast<zip_int64_t>(contents.size())) refuse(path, "libzip lost it");
    return contents;
}

class NpzFile : public TensorFile {
  public:
    explicit NpzFile(const std::string& path)
        : TensorFile(path),
          file_(path),
          archive_(open_archive(memory(file_.bytes().data(), file_.bytes().size(), path), ZIP_RDONLY, path)) {
        const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive_.get(), 0));
        for (zip_uint64_t index = 0; index < count; ++index) {
            std::string name = name_of(index);
            if (!name.ends_with(".npy")) continue;
            name.erase(name.size() - std::string_view(".npy").size());
            const NpyHeader header = header_of(index);
            if (!add({name, header.descr, header.shape})) {
                refuse(path, fmt::format("\"{}\" is in it twice", name));
            }
            members_.push_back(index);
        }
    }

    [[nodiscard]] AnyTensor read(const std::string& name) const override {
        const zip_uint64_t index = members_[position_of(name)];
        const std::size_t expected = npy_size(header_of(index), where(index));
        const std::size_t claimed = size_of(index);
        if (claimed != expected) {
            refuse(where(index), fmt::format("unpacks to {} bytes, its shape needs {}", claimed, expected));
        }
        return read_npy(unpack(index, expected), where(index));
    }

  private:
    [[nodiscard]] std::string name_of(zip_uint64_t index) const {
        const char* name = zip_get_name(archive_.get(), index, 0);
        if (name == nullptr) refuse(path(), "one of its members has no name");
        return name;
    }

    [[nodiscard]] std::string where(zip_uint64_t index) const {
        return fmt::format("{}, {}", path(), name_of(index));
    }

    // The unpacked size of a member, as the archive claims. Deflate packs at most 1032 bytes into one, so a
    // larger claim is false.
    [[nodiscard]] std::size_t size_of(zip_uint64_t index) const {
        constexpr std::uint64_t best_ratio = 1032;
        zip_stat_t facts;
        zip_stat_init(&facts);
        constexpr zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
        if (zip_stat_index(archive_.get(), index, 0, &facts) != 0 || (facts.valid & needed) != needed) {
            refuse(where(index), "has no size");
        }
        if (facts.comp_size > file_.bytes().size() || facts.size / best_ratio > facts.comp_size) {
            refuse(where(index), fmt::format("claims {} bytes in {}", facts.size, facts.comp_size));
        }
        return facts.size;
    }

    [[nodiscard]] NpyHeader header_of(zip_uint64_t index) const {
        constexpr std::size_t longest = 65536;  // only a record of very many fields has a longer one
        return read_npy_header(unpack(index, std::min(size_of(index), longest)), where(index));
    }

    // The first `size` bytes of a member. At its end libzip compares the checksum.
    [[nodiscard]] std::vector<std::byte> unpack(zip_uint64_t index, std::size_t size) const {
        const Member member(zip_fopen_index(archive_.get(), index, 0));
        if (!member) refuse(where(index), zip_strerror(archive_.get()));
        std::vector<std::byte> bytes(size);
        const zip_int64_t read = zip_fread(member.get(), bytes.data(), size);
        if (read != static_cast<zip_int64_t>(size)) refuse(where(index), "cannot be unpacked");

        std::byte beyond{};
        if (size == size_of(index) && zip_fread(member.get(), &beyond, 1) != 0) {
            refuse(where(index), "has another checksum or size than it claims");
        }
        return bytes;
    }

    MappedFile file_;
    Archive archive_;
    std::vector<zip_uint64_t> members_;  // in the order of tensors()
};

}  // namespace

std::unique_ptr<TensorFile> open_npz(const std::string& path) {
    return std::make_unique<NpzFile>(path);
}

std::string to_npz(const std::string& path, const NamedTensors& tensors) {
    const auto check = [&](bool worked, zip_t* archive) {
        if (!worked) throw FileError(path, zip_strerror(archive), "choose other names for the tensors");
    };
    // libzip makes no archive without members. It is an end without a beginning, 22 bytes long.
    if (tensors.empty()) return "PK\5\6" + std::string(18, '\0');

    // Closing the archive writes it, and lets go of the source: `kept` holds on to what was written.
    Source source = memory(nullptr, 0, path);
    zip_source_keep(source.get());
    const Source kept(source.get());
    Archive archive = open_archive(std::move(source), ZIP_TRUNCATE, path);

    std::vector<std::string> contents;  // libzip reads them when it writes
    contents.reserve(tensors.size());
    for (const auto& [name, tensor] : tensors) {
        const std::string& npy = contents.emplace_back(to_npy(tensor));
        Source member = memory(npy.data(), npy.size(), path);
        const zip_int64_t added =
            zip_file_add(archive.get(), (name + ".npy").c_str(), member.get(), ZIP_FL_ENC_UTF_8);
        check(added >= 0, archive.get());
        static_cast<void>(member.release());

        // Not compressed, and of 1980: the same tensors give the same bytes, today and tomorrow.
        const auto index = static_cast<zip_uint64_t>(added);
        constexpr zip_uint16_t midnight = 0, first_of_january_1980 = 0x21;
        check(zip_set_file_compression(archive.get(), index, ZIP_CM_STORE, 0) == 0 &&
                  zip_file_set_dostime(archive.get(), index, midnight, first_of_january_1980, 0) == 0,
              archive.get());
    }
    check(zip_close(archive.get()) == 0, archive.get());
    static_cast<void>(archive.release());
    return contents_of(kept.get(), path);
}
