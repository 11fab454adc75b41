#include "chapters/10_flash_attention/stages.hpp"

#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "chapters/01_simplified_self_attention/softmax.hpp"

namespace ch10 {
namespace {

constexpr std::size_t block_size = 2;  // and the queries and keys of a tile

// The tensors of the walk, one section after the other.
class Telling {
  public:
    explicit Telling(const Stages& stages) : stages_(stages) {
        torch::Generator generator(walk_seed);
        head_ = stages.draw(generator);
        d_ = head_.keys.shape(1);
        scores_ = torch::matmul_transposed(head_.queries, head_.keys) / stages.divisor(d_);
    }

    NamedTensors tell() {
        add("queries", head_.queries);
        add("keys", head_.keys);
        add("values", head_.values);
        blocks();
        halves();
        tiles();
        return std::move(tensors_);
    }

  private:
    void add(const std::string& name, AnyTensor tensor) { tensors_.emplace_back(name, std::move(tensor)); }
    void add_state(const std::string& name, const OnlineState& state) {
        add(name + ".m", AnyTensor(state.m));
        add(name + ".l", AnyTensor(state.l));
        add(name + ".acc", state.acc);
    }

    [[nodiscard]] BlockTrace see(const OnlineState& before, std::size_t first, std::size_t n) const {
        return stages_.see(
            {before, torch::narrow(last_query(), 0, first, n), torch::narrow(head_.values, 0, first, n)});
    }
    [[nodiscard]] Vector last_query() const { return torch::select(scores_, scores_.shape(0) - 1); }

    void blocks() {
        const Vector scores = last_query(), attn_weights = ch1::softmax(scores);
        add("scores", scores);
        add("attn_weights", attn_weights);
        add("context_vec",
            torch::select(torch::matmul(torch::view<2>(attn_weights, {1, scores.size()}), head_.values), 0));
        OnlineState state = stages_.start(d_);
        std::size_t first = 0;
        for (const std::string name : {"first", "second", "third"}) {
            const BlockTrace block = see(state, first, block_size);
            add(name + ".scores", block.scores);
            if (first > 0) add(name + ".alpha", AnyTensor(block.alpha));
            add(name + ".p", block.p);
            add_state(name, block.after);
            state = block.after;
            first += block_size;
        }
        add("online_context", stages_.finish(state));
    }

    void halves() {
        const std::size_t half = scores_.shape(0) / 2;
        const OnlineState left = see(stages_.start(d_), 0, half).after,
                          right = see(stages_.start(d_), half, half).after;
        const MergeTrace merged = stages_.merge(left, right);
        add_state("left", left);
        add_state("right", right);
        add("merged.alpha_a", AnyTensor(merged.alpha_a));
        add("merged.alpha_b", AnyTensor(merged.alpha_b));
        add_state("merged", merged.merged);
        add("merged_context", stages_.merged_context ? stages_.merged_context(left, right, merged.merged)
                                                     : stages_.finish(merged.merged));
        add("left_context", stages_.finish(left));
        add("right_context", stages_.finish(right));
    }

    void tiles() {
        const std::map<std::pair<std::size_t, std::size_t>, std::string> shown = {
            {{0, 0}, "diagonal"}, {{2, 0}, "below"}, {{2, 2}, "corner"}};
        const std::size_t T = scores_.shape(0);
        Matrix context = Matrix::from_shape({T, d_});
        std::vector<OnlineState> states(block_size, stages_.start(d_));
        for (std::size_t first_query = 0; first_query < T; first_query += block_size) {
            if (stages_.starts_each_row_anew) states.assign(block_size, stages_.start(d_));
            for (std::size_t first_key = 0; first_key < T; first_key += block_size) {
                if (stages_.skips(first_query, first_key)) continue;
                const TileTrace tile = see_tile(states, first_query, first_key);
                if (const auto found = shown.find({first_query, first_key}); found != shown.end())
                    add_tile(found->second, tile);
            }
            for (std::size_t i = 0; i < block_size; ++i)
                xt::view(context, first_query + i) = stages_.finish(states[i]);
        }
        add("tiled_context", context);
    }

    [[nodiscard]] TileTrace see_tile(std::vector<OnlineState>& states, std::size_t first_query,
                                     std::size_t first_key) const {
        TileTrace tile;
        tile.scores =
            torch::narrow(torch::narrow(scores_, 0, first_query, block_size), 1, first_key, block_size);
        tile.masked = stages_.mask(tile.scores, first_query, first_key);
        tile.m = tile.alpha = tile.l = Vector::from_shape({block_size});
        tile.p = Matrix::from_shape({block_size, block_size});
        tile.acc = Matrix::from_shape({block_size, d_});
        const Matrix values = torch::narrow(head_.values, 0, stages_.first_value(first_key), block_size);
        for (std::size_t i = 0; i < block_size; ++i) {
            const BlockTrace block = stages_.see({states[i], torch::select(tile.masked, i), values});
            states[i] = block.after;
            tile.m(i) = block.after.m;
            tile.alpha(i) = block.alpha;
            tile.l(i) = block.after.l;
            xt::view(tile.p, i) = block.p;
            xt::view(tile.acc, i) = block.after.acc;
        }
        return tile;
    }

    void add_tile(const std::string& name, const TileTrace& tile) {
        add(name + ".scores", tile.scores);
        add(name + ".masked", tile.masked);
        add(name + ".m", tile.m);
        add(name + ".alpha", tile.alpha);
        add(name + ".p", tile.p);
        add(name + ".l", tile.l);
        add(name + ".acc", tile.acc);
    }

    const Stages& stages_;
    Head head_;
    std::size_t d_;
    Matrix scores_;  // (T, T)
    NamedTensors tensors_;
};

}  // namespace

Stages::Stages()
    : divisor([](std::size_t d) { return std::sqrt(static_cast<float>(d)); }),
      see([](const Block& block) { return see_block(block.before, block.scores, block.values); }),
      skips([](std::size_t first_query, std::size_t first_key) {
          return first_key >= first_query + block_size;
      }),
      first_value([](std::size_t first_key) { return first_key; }) {}

NamedTensors tensors_with(const Stages& stages) {
    return Telling(stages).tell();
}

}  // namespace ch10
