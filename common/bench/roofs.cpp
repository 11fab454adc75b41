#include "common/bench/roofs.hpp"

#include <algorithm>

namespace bench {

double Roofs::seconds(const Work& work) const {
    return std::max(work.flop / flop_per_second, work.bytes / bytes_per_second);
}

bool Roofs::is_memory_bound(const Work& work) const {
    return work.bytes / bytes_per_second >= work.flop / flop_per_second;
}

double Roofs::share(const Work& work, double seconds_taken) const {
    return seconds(work) / seconds_taken;
}

}  // namespace bench
