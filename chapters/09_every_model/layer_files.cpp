#include "chapters/09_every_model/layer_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "chapters/09_every_model/cache.hpp"
#include "chapters/09_every_model/from_ids.hpp"

namespace ch9 {
namespace {

// The weights (the largest twice, while it is read), the cache, and for the first and the last piece a trace
// and the copies of it that are shown.
double bytes_needed(const Recipe& recipe, bool has_scores, double batch, double tokens, double at_once) {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double dim = number(recipe.dim), heads = number(recipe.n_heads),
                 q_width = heads * number(recipe.head_dim),
                 kv_width = number(recipe.n_kv_heads) * number(recipe.head_dim);
    const double rows = number(cache_rows(recipe.mask, static_cast<std::size_t>(tokens)));
    const double seen = std::min(tokens, rows + at_once);  // keys of one piece
    const double weights = dim * (5.0 * q_width + 4.0 * kv_width);
    const double of_scores = has_scores ? 16.0 * at_once * heads * seen + 8.0 * seen * q_width : 0.0;
    const double bias = 2.0 * heads * (at_once + seen);  // by distance, for an engine
    const double piece =
        of_scores + bias + at_once * (20.0 * q_width + 12.0 * kv_width) + 4.0 * seen * kv_width;
    return sizeof(float) * (weights + batch * (2.0 * rows * kv_width + piece + 6.0 * tokens * dim));
}

// attention_mask in the input, if it is there: 1 or true for tokens of the text.
ch3::MaskMatrix read_padding(const std::string& path, const Tensor3& x) {
    const auto file = open_tensor_file(path);
    const auto& infos = file->tensors();
    const bool is_there = std::any_of(infos.begin(), infos.end(),
                                      [](const TensorInfo& info) { return info.name == "attention_mask"; });
    if (!is_there) return {};
    const AnyTensor mask = file->read("attention_mask");
    if (mask.shape != Shape{x.shape(0), x.shape(1)}) {
        throw std::invalid_argument(fmt::format("{}: attention_mask is {}, expected {} = (B, T)", path,
                                                to_string(mask.shape),
                                                to_string(Shape{x.shape(0), x.shape(1)})));
    }
    ch3::MaskMatrix is_text = ch3::MaskMatrix::from_shape({x.shape(0), x.shape(1)});
    const auto fill = [&](const auto& values) {
        std::transform(values.begin(), values.end(), is_text.begin(), [&](auto value) {
            const auto number = static_cast<double>(std::real(value));
            if (number == 0.0 || number == 1.0) return number == 1.0;
            throw std::invalid_argument(fmt::format(
                "{}: attention_mask has {}; it must be 1 for tokens of the text and 0 for padding", path,
                number));
        });
    };
    std::visit(fill, mask.values);
    return is_text;
}

void embed(Layer& layer, const std::vector<std::size_t>& ids, const WeightFile& file) {
    WeightFile whole(file.path(), file.prefix() + model_prefix(file, layer.read));
    Embedded embedded = from_ids(ids, whole, layer.read);
    layer.embeddings = std::move(embedded.embeddings);
    layer.x = std::move(embedded.x);
}

void check_ids(const Wanted& wanted, const OwnFiles& own) {
    if (wanted.ids.empty()) return;
    if (wanted.layer != 0) {
        throw std::invalid_argument(fmt::format(
            "--ids is for layer 0, whose input is the embedding; leave out --layer, or give the input of "
            "layer {} with --input",
            wanted.layer));
    }
    if (!own.weights)
        throw std::invalid_argument("--ids needs --model or --weights, which have the embedding");
}

}  // namespace

Layer load_layer(Walkthrough& walk, const Wanted& wanted, bool has_scores) {
    const OwnFiles& own = walk.own();
    check_ids(wanted, own);
    LayerOf of{.layer = wanted.layer, .tokens = 1, .decoder = wanted.decoder};
    Layer layer;
    layer.read = read_recipe(*own.config, of);
    layer.ignored = layer.read.ignored;
    const Recipe& recipe = layer.read.recipe;

    const ::LayerKind kind{
        .name = "layer",
        .dim = recipe.dim,
        .max_batch_size = {},
        .max_seq_len = std::numeric_limits<std::size_t>::max(),
        .limits = {},
        .bytes = [&](double batch, double tokens,
                     double at_once) { return bytes_needed(recipe, has_scores, batch, tokens, at_once); },
        .read =
            [&](WeightFile& file) {
                if (!wanted.ids.empty()) embed(layer, wanted.ids, file);
                layer.weights = read_weights(file, layer.read);
                return fmt::format("the names of {} after {}", layer.read.model->type, file.prefix());
            },
        .draw = [&](torch::Generator& generator) { layer.weights = random_weights(generator, layer.read); }};
    if (wanted.ids.empty()) {
        load_own_layer(walk, kind, layer);
    } else {
        check_text(own, kind, 1, wanted.ids.size());
        torch::Generator nothing_to_draw(0);
        load_weights(own, kind, nothing_to_draw, layer);
    }
    if (own.input) layer.is_text = read_padding(*own.input, layer.x);
    if (!recipe.mask.causal && own.prefill.value_or(layer.x.shape(1)) < layer.x.shape(1)) {
        throw std::invalid_argument(
            fmt::format("--prefill splits the text, and the queries of {} look both ways; leave it out",
                        layer.read.model->type));
    }

    // Two scalings of RoPE depend on the length of the text, which is known now.
    of.tokens = layer.x.shape(1);
    layer.read = read_recipe(*own.config, of);
    return layer;
}

}  // namespace ch9
