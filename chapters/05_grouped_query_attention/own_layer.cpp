#include "chapters/05_grouped_query_attention/own_layer.hpp"

#include <fmt/format.h>

#include "chapters/05_grouped_query_attention/decoding.hpp"
#include "common/program/own_layer.hpp"
#include "common/render/progress.hpp"

namespace ch5 {

void walk_own_layer(Walkthrough& walk, const Layer& layer, const std::string& positions,
                    const PieceAttention& attention) {
    const Config& config = layer.config;
    walk.section("", "Your own layer");
    show_what_was_read(walk, layer,
                       {{"dim", config.dim},
                        {"n_heads", config.n_heads},
                        {"n_kv_heads", config.kv_heads()},
                        {"head_dim", config.head_dim},
                        {"max_seq_len", layer.model.max_seq_len}},
                       {positions});

    // Run all pieces first; the first and the last are shown.
    KVCache cache(config);
    Piece first, last;
    std::size_t calls = 0;
    const std::vector<std::size_t> sizes = pieces_of(layer, walk.own());
    const Tensor3 output = in_pieces(layer.x, sizes, [&](const Tensor3& x, std::size_t start_pos) {
        const Progress progress(fmt::format("computing: piece {} of {}", calls + 1, sizes.size()));
        last = attention(x, start_pos, cache);
        if (calls++ == 0) first = last;
        return last.output;
    });

    Step& step = walk.step(fmt::format("The first {} tokens", sizes.front()), "At once, from position 0.");
    for (Shown& shown : first.tensors) step.blocks.emplace_back(std::move(shown));
    show_words(step, walk.own(), first.attn_weights);
    if (calls > 1) {
        Step& end = walk.step(
            fmt::format("The last piece, at position {}", layer.x.shape(1) - sizes.back()),
            fmt::format("After {} pieces. Its keys and values join those in the cache.", calls - 1));
        for (Shown& shown : last.tensors) {
            shown.name = "step." + shown.name;
            end.blocks.emplace_back(std::move(shown));
        }
    }
    if (!first.engine.tensors.empty()) tell_engine(walk, first.engine, last.engine);
    walk.step("The whole output", "All tokens, in their order.").show("output", output, {"B", "T", "dim"});
    walk.keep("cache_k", cache.cache_k());
    walk.keep("cache_v", cache.cache_v());
}

std::vector<Shown> shown_tensors(const Trace& trace) {
    const std::vector<std::string> new_keys = {"B", "T", "H_kv", "head_dim"},
                                   shared = {"B", "S", "H", "head_dim"};
    const std::vector<std::string> scores = {"B", "H", "T", "S"};
    const auto shown = [](std::string name, const AnyTensor& value, std::vector<std::string> axes) {
        return Shown{std::move(name), value, std::move(axes), {}, {}};
    };
    std::vector<Shown> tensors = {shown("xq", trace.xq, {"B", "T", "H", "head_dim"}),
                                  shown("xk", trace.xk, new_keys),
                                  shown("xv", trace.xv, new_keys),
                                  shown("keys", trace.keys, shared),
                                  shown("values", trace.values, shared),
                                  shown("attn_scores", trace.attn_scores, scores),
                                  shown("masked", trace.masked, scores),
                                  shown("attn_weights", trace.attn_weights, scores),
                                  shown("head_context", trace.head_context, {"B", "H", "T", "head_dim"}),
                                  shown("combined", trace.combined, {"B", "T", "H * head_dim"})};
    std::erase_if(tensors, [](const Shown& tensor) { return std::get<AnyTensor>(tensor.value).size() == 0; });
    return tensors;
}

Piece attend_to_piece(Trace trace, const Layer& layer, KVCache& cache, std::size_t start_pos,
                      const FlashEngine& engine) {
    Piece piece;
    if (engine.is_there()) {
        attend_with_engine(engine.attention, trace, layer.weights, layer.config, cache, start_pos);
        piece.engine = report_engine(engine, engine_call(trace, cache, start_pos),
                                     {"attn_scores", "masked", "attn_weights"});
    } else {
        attend(trace, layer.weights, layer.config, cache, start_pos,
               future_mask(trace.xq.shape(1), start_pos));
    }
    piece.tensors = shown_tensors(trace);
    piece.attn_weights = trace.attn_weights;
    piece.output = trace.output;
    return piece;
}

}  // namespace ch5
