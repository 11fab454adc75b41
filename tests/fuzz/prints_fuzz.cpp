// What people print, as a notebook and as text: read, compared with two tensors, and reported.
#include "common/compare/diagnosis.hpp"
#include "common/compare/read_prints.hpp"
#include "common/compare/report.hpp"
#include "tests/fuzz/fuzz_file.hpp"

namespace {

Document two_tensors() {
    Document document;
    document.chapter = {1, "01", "Fuzzed", "T tokens", Takes::input};
    Step step{"A step", "", "", {}};
    step.show("x", AnyTensor({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}), {"T", "d_in"}, cell(1));
    step.show_shape("x.shape", {2, 3}, cell(1));
    step.show("c", AnyTensor({2}, std::vector<std::complex<float>>{{1, 2}, {3, 4}}), {"T"});
    document.parts.emplace_back(step);
    return document;
}

template <class Read>
void read_and_compare(Read read, std::string_view bytes) {
    static const Document document = two_tensors();
    try {
        const std::vector<PrintedTensor> printed = read("fuzz", bytes);
        for (const PrintedTensor& tensor : printed) {
            std::size_t count = tensor.is_complex ? 2 : 1;
            for (const std::size_t length : tensor.shape) count *= length;
            if (tensor.damage.empty() && tensor.numbers.size() != count) std::abort();
        }
        Comparison comparison = compare(document, "fuzz", printed);
        diagnose(comparison, {}, [](auto, auto) { return Document{}; });
        if (report_for_terminal(comparison, Terminal{}).find('\x1b') != std::string::npos) std::abort();
        report_as_json(comparison);
        report_as_junit(comparison);
    } catch (const FileError& error) {
        if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(data, data + size);
    read_and_compare(read_notebook, bytes);
    read_and_compare(read_text, bytes);
    return 0;
}
