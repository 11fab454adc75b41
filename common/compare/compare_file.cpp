#include "common/compare/compare_file.hpp"

#include <fmt/format.h>

#include "common/compare/read_prints.hpp"
#include "common/compare/report.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/file_error.hpp"
#include "common/files/output_target.hpp"
#include "common/write_out.hpp"

int compare_file(const Document& document, const CompareOptions& options, ColorChoice color,
                 const Mistakes& mistakes, const Retell& retell, bool speaks) {
    const std::string& path = options.file.value();
    const std::vector<PrintedTensor> theirs = read_prints(path);
    Comparison comparison = compare(document, path, theirs);
    if (comparison.count(Result::not_found) == comparison.tensors.size()) {
        throw FileError(path,
                        fmt::format("none of the {} tensors printed in it belongs to chapter {}",
                                    theirs.size(), document.chapter.number),
                        "./walk list shows the chapters, ./walk N what each prints");
    }
    diagnose(comparison, mistakes, retell);
    if (!speaks) return 0;

    const int status = comparison.all_agree() ? 0 : 1;
    if (options.junit) {
        write_file(*options.junit, report_as_junit(comparison));
        if (is_standard_output(*options.junit)) return status;  // XML stands alone there
    }
    if (options.json) {
        write_out(report_as_json(comparison));
    } else if (options.only_summary) {
        write_out(summary_line(comparison) + "\n");
    } else {
        write_out(report_for_terminal(comparison, detect_terminal(color)));
    }
    return status;
}
