#include <stdexcept>

#include "common/ranks/ranks.hpp"
#include "tests/support/catch.hpp"

TEST_CASE("ranks in turn: each does its own work, in order, and the sum is of all") {
    const std::unique_ptr<Ranks> ranks = ranks_in_turn(3);
    CHECK(ranks->world_size() == 3);
    std::vector<std::size_t> called;
    const Ranks::Reduced reduced = ranks->all_reduce([&](std::size_t rank) {
        called.push_back(rank);
        return std::vector<float>{static_cast<float>(rank) - 3.0f, 0.5f};
    });
    CHECK(called == std::vector<std::size_t>{0, 1, 2});
    CHECK(reduced.partials == std::vector<std::vector<float>>{{-3.0f, 0.5f}, {-2.0f, 0.5f}, {-1.0f, 0.5f}});
    CHECK(reduced.sum == std::vector<float>{-6.0f, 1.5f});
}

TEST_CASE("ranks in turn refuse parts that do not add up, and a world of none") {
    const auto longer_each_time = [](std::size_t rank) { return std::vector<float>(rank + 1); };
    CHECK_THROWS_AS(ranks_in_turn(2)->all_reduce(longer_each_time), std::invalid_argument);
    CHECK_THROWS_AS(ranks_in_turn(0), std::invalid_argument);
}

TEST_CASE("ranks in turn: what one rank throws comes out") {
    const auto fails = [](std::size_t rank) -> std::vector<float> {
        if (rank == 1) throw std::domain_error("rank 1 cannot");
        return {1.0f};
    };
    CHECK_THROWS_AS(ranks_in_turn(2)->all_reduce(fails), std::domain_error);
}
