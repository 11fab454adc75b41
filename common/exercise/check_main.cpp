// The main function of a check: check ANSWER_PROGRAM, or check --answers FILE. It writes its report as JSON.
#include <string>

#include "common/exercise/session.hpp"
#include "common/write_out.hpp"

int main(int argc, char** argv) {
    try {
        const bool predicts = argc == 3 && std::string(argv[1]) == "--answers";
        if (argc != 2 && !predicts)
            throw std::invalid_argument("usage: check ANSWER_PROGRAM | --answers FILE");
        const exercise::CheckReport report =
            predicts ? exercise::judge("", argv[2]) : exercise::judge(argv[1], "");
        write_out(exercise::to_json(report));
        return report.passed() ? 0 : 1;
    } catch (const std::exception& error) {
        write_error("check", error.what());
        return 2;
    }
}
