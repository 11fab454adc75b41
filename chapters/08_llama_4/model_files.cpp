#include "chapters/08_llama_4/model_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "chapters/06_rotary_position_embedding/scaling.hpp"
#include "chapters/08_llama_4/feed_forward.hpp"
#include "chapters/08_llama_4/parameters.hpp"
#include "common/torch/random.hpp"

namespace ch8 {
namespace {

// The weights (the largest tensor three times, while it is read and split), the caches, and for the first and
// the last piece a trace of every layer and the copies of it that are saved.
double bytes_needed(const Config& config, bool has_scores, double batch, double tokens, double at_once) {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double dim = number(config.heads.dim), layers = number(config.n_layers),
                 heads = number(config.heads.n_heads), q_width = heads * number(config.heads.head_dim),
                 kv_width = number(config.heads.kv_heads() * config.heads.head_dim),
                 words = number(config.vocab_size), experts = number(config.num_experts),
                 hidden = number(std::max(config.hidden_dim, config.expert_dim));
    const Parameters parameters = count_parameters(config);
    const double moe = std::max(number(config.moe_layers.size()), 1.0);
    const double weights = parameters.held() + 2.0 * parameters.experts / moe + 2.0 * words * dim;
    const double of_scores = has_scores ? 12.0 * heads * tokens : 0.0,
                 repeated = has_scores ? 8.0 * q_width : 0.0;
    const double caches = layers * batch * tokens * (4.0 * kv_width + repeated);
    const double rows = batch * at_once;
    const double traces =
        layers * rows *
        (of_scores + 20.0 * q_width + 8.0 * kv_width + 24.0 * dim + 8.0 * hidden + 8.0 * experts);
    return sizeof(float) * (weights + caches + traces + batch * tokens * (4.0 * words + 8.0 * dim));
}

// The tensor `tokens` of a file: (B, T), or (T) for a single sequence.
Tokens tokens_in(const TensorFile& file) {
    const AnyTensor tensor = file.read("tokens");
    const auto* values = std::get_if<std::vector<std::int64_t>>(&tensor.values);
    const Shape& shape = tensor.shape;
    if (values == nullptr || values->empty() || shape.empty() || shape.size() > 2) {
        throw std::invalid_argument(
            fmt::format("{}: tokens is {} {}, expected whole numbers of shape (B, T) or (T), at least one",
                        file.path(), file.tensors()[file.position_of("tokens")].dtype, to_string(shape)));
    }
    Tokens tokens = Tokens::from_shape({shape.size() == 2 ? shape[0] : 1, shape.back()});
    std::copy(values->begin(), values->end(), tokens.begin());
    return tokens;
}

// Hugging Face's projection stands beside the language model, outside of its prefix.
Matrix read_projection(WeightFile& weights, std::size_t dim, std::size_t width) {
    const char* beside = "multi_modal_projector.linear_1.weight";
    WeightFile all(weights.path(), "");
    if (all.has(beside)) return all.matrix(beside, dim, width, "(dim, vision width)");
    return weights.matrix("vision_projection.weight", dim, width, "(dim, vision width)");
}

// The tensors of images in the input, and their projection among the weights.
std::optional<Images> images_in(const TensorFile& input, const Tokens& tokens, WeightFile* weights,
                                std::size_t dim) {
    const auto is_there = [&](const char* name) {
        return std::any_of(input.tensors().begin(), input.tensors().end(),
                           [&](const TensorInfo& info) { return info.name == name; });
    };
    if (!is_there("image_embedding") && !is_there("image_mask")) return std::nullopt;
    const std::optional<Tensor3> embedding = float_tensor<3>(input.read("image_embedding"));
    const AnyTensor mask = input.read("image_mask");
    const auto* is_image = std::get_if<std::vector<bool>>(&mask.values);
    if (!embedding || is_image == nullptr || mask.shape.size() != 2) {
        throw std::invalid_argument(fmt::format(
            "{}: expected image_embedding as floats (B, T, vision width) and image_mask as bool (B, T)",
            input.path()));
    }
    const Shape places(tokens.shape().begin(), tokens.shape().end());
    const Shape has_rows = {embedding->shape(0), embedding->shape(1)};
    if (has_rows != places || mask.shape != places) {
        throw std::invalid_argument(fmt::format(
            "{}: image_embedding is {} and image_mask {}, expected a row for each of the tokens {}",
            input.path(), to_string({has_rows[0], has_rows[1], embedding->shape(2)}), to_string(mask.shape),
            to_string(places)));
    }
    if (weights == nullptr) {
        throw std::invalid_argument(
            fmt::format("{} has images, which need vision_projection.weight; add --weights", input.path()));
    }
    Images images;
    images.embedding = *embedding;
    images.mask = xt::xtensor<bool, 2>::from_shape({mask.shape[0], mask.shape[1]});
    std::copy(is_image->begin(), is_image->end(), images.mask.begin());
    images.vision_projection.weight = read_projection(*weights, dim, embedding->shape(2));
    return images;
}

// The vision tower is not part of this chapter, and a text without images does not need the projection.
std::string without_vision(WeightFile& weights, bool has_images) {
    const bool has_tower = weights.leave_out("vision_embeddings."),
               has_projection = !has_images && weights.leave_out("vision_projection.");
    return has_tower || has_projection ? ". The tensors for images were left out" : "";
}

// Random words, where there is no input.
Tokens random_tokens(torch::Generator& generator, std::size_t vocab_size) {
    constexpr std::size_t few = 4;
    return xt::reshape_view(torch::randint(generator, 0, static_cast<std::int64_t>(vocab_size), few),
                            {std::size_t{1}, few});
}

}  // namespace

Config config_of(const Llama4ModelConfig& file) {
    Config config;
    config.heads = {.dim = file.dim,
                    .n_heads = file.n_heads,
                    .n_kv_heads = file.n_kv_heads,
                    .head_dim = file.head_dim,
                    .max_batch_size = 1,
                    .max_seq_len = 1};
    config.n_layers = file.n_layers;
    config.vocab_size = file.vocab_size;
    config.nope_layers = file.nope_layers;
    config.global_layers = file.global_layers;
    config.attention_chunk_size = file.attention_chunk_size;
    config.use_qk_norm = file.use_qk_norm;
    config.attn_temperature_tuning = file.attn_temperature_tuning;
    config.floor_scale = static_cast<float>(file.floor_scale);
    config.attn_scale = static_cast<float>(file.attn_scale);
    config.moe_layers = file.moe_layers;
    config.num_experts = file.num_experts;
    config.top_k = file.top_k;
    config.norm_eps = static_cast<float>(file.norm_eps);

    const bool has_experts = !file.moe_layers.empty();
    config.hidden_dim =
        file.widths ? file.widths->dense : hidden_width(file.dim, file.ffn_dim_multiplier, file.multiple_of);
    if (has_experts) {
        config.expert_dim = file.widths ? file.widths->expert
                                        : expert_width(file.dim, file.ffn_exp, file.ffn_dim_multiplier,
                                                       file.capacity, file.multiple_of);
    }
    check(config);
    return config;
}

Model load_model(Walkthrough& walk, bool has_scores) {
    const OwnFiles& own = walk.own();
    const Llama4ModelConfig file = read_llama4_config(*own.config);
    Model model;
    model.config = config_of(file);
    model.ignored = file.ignored;
    ch5::Config& heads = model.config.heads;

    torch::Generator generator(own.weights && own.input ? 0
                                                        : walk.seed(123));  // for what the reader leaves out
    const std::unique_ptr<TensorFile> input = own.input ? open_tensor_file(*own.input) : nullptr;
    model.tokens = input ? tokens_in(*input) : random_tokens(generator, model.config.vocab_size);
    heads.max_batch_size = model.tokens.shape(0);
    heads.max_seq_len = model.tokens.shape(1);

    const LayerKind kind{
        .name = "model",
        .dim = heads.dim,
        .max_batch_size = file.max_batch_size,
        .max_seq_len = file.max_seq_len.value_or(std::numeric_limits<std::size_t>::max()),
        .limits = {},
        .bytes =
            [&](double batch, double tokens, double at_once) {
                return bytes_needed(model.config, has_scores, batch, tokens, at_once);
            },
        .read =
            [&](WeightFile& weights) {
                NamedWeights read = read_weights(weights, model.config, file);
                model.weights = std::move(read.weights);
                if (input) model.images = images_in(*input, model.tokens, &weights, heads.dim);
                return read.naming + without_vision(weights, model.images.has_value());
            },
        .draw =
            [&](torch::Generator& random) {
                if (input) images_in(*input, model.tokens, nullptr, heads.dim);
                model.weights = random_weights(random, model.config);
            },
    };
    check_text(own, kind, heads.max_batch_size, heads.max_seq_len);

    ModelConfig rope;
    rope.rope_theta = file.rope_theta;
    rope.rope_scaling = file.rope_scaling;
    model.freqs = ch6::model_frequencies(rope, heads.head_dim);

    load_weights(own, kind, generator, model);
    model.x = embed(model.tokens, model.weights.tok_embeddings);
    if (model.images) model.x = merge_images(model.x, *model.images);
    return model;
}

}  // namespace ch8
