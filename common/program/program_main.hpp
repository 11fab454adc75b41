// The main function of a program that is no chapter: reads the command line, runs, and turns every error into
// one line on standard error.
#pragma once
#include <exception>
#include <optional>
#include <string>

#include "common/write_out.hpp"

// `read` fills a Request, or returns a text to print instead (--help, --version). `run` returns the exit
// status. An exception of either is exit status 2.
template <class Request>
int program_main(const char* name, std::optional<std::string> (*read)(Request&, int, const char* const*),
                 int (*run)(const Request&), int argc, const char* const* argv) {
    try {
        Request request;
        if (const std::optional<std::string> text = read(request, argc, argv)) {
            write_out(*text);
            return 0;
        }
        return run(request);
    } catch (const std::exception& error) {
        write_error(name, error.what());
        return 2;
    }
}
