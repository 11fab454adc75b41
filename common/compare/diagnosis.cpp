#include "common/compare/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace {

// The seeds that people use, and the neighbours of the notebook's.
constexpr std::array<std::uint64_t, 28> common_seeds = {0,   1,   2,   3,   4,    5,    7,    10,   12,  13,
                                                        21,  42,  99,  100, 101,  111,  122,  123,  124, 456,
                                                        777, 788, 789, 790, 1234, 1337, 2024, 12345};

using NumbersByName = std::map<std::string, Numbers>;

// A possible cause, and the chapter's tensors under it, which are computed on first use.
class Candidate {
  public:
    Candidate(Hint hint, std::function<NumbersByName()> compute)
        : hint_(std::move(hint)), compute_(std::move(compute)) {}

    [[nodiscard]] const Hint& hint() const { return hint_; }

    // How their print compares with our tensor under this cause; nothing if the cause says nothing about it.
    [[nodiscard]] std::optional<Closeness> closeness(const ComparedTensor& tensor) {
        const Numbers* numbers = numbers_for(tensor.ours);
        if (numbers == nullptr) return std::nullopt;
        return compare(*tensor.theirs, *numbers);
    }

    // Whether this cause changes a tensor of ours.
    [[nodiscard]] bool changes(const Expected& ours) {
        const Numbers* numbers = numbers_for(ours);
        const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
        return numbers != nullptr &&
               !std::equal(numbers->values.begin(), numbers->values.end(), ours.numbers.values.begin(),
                           ours.numbers.values.end(), same);
    }

  private:
    const Numbers* numbers_for(const Expected& ours) {
        if (!numbers_) numbers_ = compute_();
        const auto found = numbers_->find(ours.name);
        return found == numbers_->end() ? nullptr : &found->second;
    }

    Hint hint_;
    std::function<NumbersByName()> compute_;
    std::optional<NumbersByName> numbers_;
};

// A mistake gives tensors; their sizes follow: "context_vecs.shape.2" is the shape of "context_vecs.2".
NumbersByName numbers_under(const Mistake& mistake, const Comparison& comparison) {
    NumbersByName numbers;
    const NamedTensors mistaken = mistake.tensors();
    for (const auto& [name, tensor] : mistaken) numbers.insert_or_assign(name, numbers_of(tensor));
    for (const ComparedTensor& tensor : comparison.tensors) {
        std::string name = tensor.ours.name;
        const std::size_t shape = name.find(".shape");
        if (!tensor.ours.numbers.is_size || shape == std::string::npos) continue;
        name.erase(shape, 6);
        const auto found = numbers.find(name);
        if (found != numbers.end())
            numbers.insert_or_assign(tensor.ours.name, numbers_of(Size{found->second.shape}));
    }
    return numbers;
}

NumbersByName numbers_of(const Document& document) {
    NumbersByName numbers;
    for (Expected& tensor : expected_tensors(document))
        numbers.emplace(tensor.name, std::move(tensor.numbers));
    return numbers;
}

// The evidence for a candidate. The first member that differs decides a comparison.
struct Evidence {
    int explained = 0;         // differing tensors that it explains
    int not_contradicted = 0;  // minus the agreeing tensors that it would have changed
    int exact = 0;             // minus those that it explains but for the last digit
    auto operator<=>(const Evidence&) const = default;
};

class Diagnosis {
  public:
    Diagnosis(Comparison& comparison, const Mistakes& mistakes, const Retell& retell)
        : comparison_(comparison) {
        for (const Mistake& mistake : mistakes) {
            table_.emplace_back(Hint{mistake.id, mistake.cause, mistake.advice},
                                [&] { return numbers_under(mistake, comparison); });
        }
        const auto retold = [&](Hint hint, std::optional<std::uint64_t> seed, torch::DropoutRng build) {
            return Candidate(std::move(hint), [=, &retell] { return numbers_of(retell(seed, build)); });
        };
        const Hint other_build{
            "dropout-other-build",
            "no mistake: your PyTorch draws dropout with another generator than the notebook's",
            "compare again with --dropout-rng generic"};
        generic_dropout_.push_back(retold(other_build, std::nullopt, torch::DropoutRng::generic));
        for (const std::uint64_t seed : common_seeds) {
            const Hint hint{"other-seed", fmt::format("these are the numbers of torch.manual_seed({})", seed),
                            "set the notebook's seed right before this, or compare with --seed"};
            seeds_.push_back(retold(hint, seed, torch::DropoutRng::mkl));
            seeds_with_generic_dropout_.push_back(retold(hint, seed, torch::DropoutRng::generic));
        }
    }

    void run() {
        for (ComparedTensor* tensor : differing()) {
            if (tensor->hint || !tensor->follows_from.empty()) continue;
            if (explain_by(table_, *tensor) || explain_by(generic_dropout_, *tensor)) continue;
            if (explain_by(seeds_, *tensor)) continue;
            if (dropout_is_drawn() && explain_by(seeds_with_generic_dropout_, *tensor)) continue;
            tensor->hint = relation_between(*tensor->theirs, tensor->ours.numbers, sizes());
        }
    }

  private:
    [[nodiscard]] std::vector<ComparedTensor*> differing() {
        std::vector<ComparedTensor*> tensors;
        for (ComparedTensor& tensor : comparison_.tensors) {
            if (tensor.result == Result::differs) tensors.push_back(&tensor);
        }
        return tensors;
    }

    // Whether the chapter's numbers depend on dropout at all.
    [[nodiscard]] bool dropout_is_drawn() {
        return std::any_of(
            comparison_.tensors.begin(), comparison_.tensors.end(),
            [&](const ComparedTensor& tensor) { return generic_dropout_.front().changes(tensor.ours); });
    }

    static bool explains(Candidate& candidate, const ComparedTensor& tensor) {
        const std::optional<Closeness> closeness = candidate.closeness(tensor);
        return closeness && closeness->agrees();
    }

    [[nodiscard]] Evidence evidence_for(Candidate& candidate) {
        Evidence evidence;
        for (const ComparedTensor& tensor : comparison_.tensors) {
            if (tensor.theirs == nullptr || tensor.result == Result::unreadable) continue;
            const std::optional<Closeness> closeness = candidate.closeness(tensor);
            if (!closeness) continue;
            if (tensor.result == Result::agrees) {
                if (!closeness->agrees()) --evidence.not_contradicted;
            } else if (closeness->agrees() && !tensor.hint && tensor.follows_from.empty()) {
                ++evidence.explained;
                if (closeness->kind == Closeness::Kind::nearly) --evidence.exact;
            }
        }
        return evidence;
    }

    // The candidate that explains this tensor and the most others. The first one wins a tie.
    bool explain_by(std::vector<Candidate>& candidates, ComparedTensor& tensor) {
        Candidate* best = nullptr;
        Evidence best_evidence;
        for (Candidate& candidate : candidates) {
            if (!explains(candidate, tensor)) continue;
            const Evidence evidence = evidence_for(candidate);
            if (best == nullptr || evidence > best_evidence) {
                best = &candidate;
                best_evidence = evidence;
            }
            const bool explains_all = evidence == Evidence{open_tensors(), 0, 0};
            if (explains_all) break;
        }
        if (best == nullptr) return false;
        tensor.hint = best->hint();
        for (ComparedTensor* other : differing()) {
            const bool open = !other->hint && other->follows_from.empty();
            if (open && explains(*best, *other)) other->follows_from = tensor.ours.shown->name;
        }
        return true;
    }

    // How many tensors differ and have no explanation yet.
    [[nodiscard]] int open_tensors() {
        int count = 0;
        for (const ComparedTensor* tensor : differing()) {
            if (!tensor->hint && tensor->follows_from.empty()) ++count;
        }
        return count;
    }

    [[nodiscard]] std::vector<std::size_t> sizes() const {
        std::set<std::size_t> sizes;
        for (const ComparedTensor& tensor : comparison_.tensors) {
            for (const std::size_t size : tensor.ours.numbers.shape) sizes.insert(size);
        }
        return {sizes.begin(), sizes.end()};
    }

    Comparison& comparison_;
    std::vector<Candidate> table_, generic_dropout_, seeds_, seeds_with_generic_dropout_;
};

}  // namespace

void diagnose(Comparison& comparison, const Mistakes& mistakes, const Retell& retell) {
    if (comparison.count(Result::differs) > 0) Diagnosis(comparison, mistakes, retell).run();
}
