// Where in a kernel's source something happens: "4_tensor_cores.cuh:58".
#pragma once
#include <source_location>
#include <string>

#ifdef __cpp_lib_source_location
using Place = std::source_location;
#else
// The same for clang 14 with the headers of g++ 12, which have it for g++ alone.
class Place {
  public:
    constexpr Place() = default;
    static constexpr Place current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE(),
                                   unsigned column = __builtin_COLUMN()) {
        Place place;
        place.file_ = file;
        place.line_ = line;
        place.column_ = column;
        return place;
    }
    [[nodiscard]] constexpr const char* file_name() const { return file_; }
    [[nodiscard]] constexpr unsigned line() const { return line_; }
    [[nodiscard]] constexpr unsigned column() const { return column_; }

  private:
    const char* file_ = "";
    unsigned line_ = 0, column_ = 0;
};
#endif

std::string to_string(const Place& place);

// A number that remembers where it was written: `tile[i]` hands its own place to operator[].
struct PlacedIndex {
    long value;
    Place place;

    template <class Integer>
    PlacedIndex(Integer value_, Place place_ = Place::current())
        : value(static_cast<long>(value_)), place(place_) {}
};
