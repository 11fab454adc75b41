#include "chapters/07_multi_head_latent_attention/layer_files.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "chapters/07_multi_head_latent_attention/weight_dequant.hpp"
#include "common/files/file_error.hpp"
#include "common/files/latent_config.hpp"
#include "common/files/weight_file.hpp"

namespace ch7 {
namespace {

// Until the text is read, the caches have room for one token.
Config config_of(const LatentModelConfig& model) {
    return {.dim = model.dim,
            .n_heads = model.n_heads,
            .q_lora_rank = model.q_lora_rank,
            .kv_lora_rank = model.kv_lora_rank,
            .qk_nope_head_dim = model.qk_nope_head_dim,
            .qk_rope_head_dim = model.qk_rope_head_dim,
            .v_head_dim = model.v_head_dim,
            .max_batch_size = 1,
            .max_seq_len = 1};
}

// The weights (the largest twice, while it is read), both kinds of caches, those of latents also as they are
// saved, and for the first and the last piece the traces of both forms and the copies of them that are shown.
double bytes_needed(const Config& config, bool has_scores, double batch, double tokens, double at_once) {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double dim = number(config.dim), heads = number(config.n_heads), c = number(config.kv_lora_rank),
                 rope = number(config.qk_rope_head_dim), key = number(config.qk_nope_head_dim) + rope,
                 value = number(config.v_head_dim), rank = number(config.q_lora_rank);
    const double queries = rank == 0.0 ? dim * heads * key : rank * (dim + heads * key);
    const double weights = queries + dim * (c + rope) + heads * c * (key + value) + 2.0 * dim * heads * value;
    const double of_scores = has_scores ? 42.0 * tokens : 0.0;
    const double caches = tokens * (heads * (key + value) + 4.0 * (c + rope));
    const double piece =
        at_once * (heads * (of_scores + 10.0 * c + 32.0 * key + 20.0 * value) + 16.0 * (c + rope));
    return sizeof(float) * (weights + batch * (caches + piece + 8.0 * tokens * dim));
}

Yarn yarn_of(const LatentYarn& model) {
    return {.scaling = {.factor = static_cast<float>(model.factor),
                        .beta_fast = static_cast<float>(model.beta_fast),
                        .beta_slow = static_cast<float>(model.beta_slow),
                        .original_max_seq_len = static_cast<float>(model.original_max_seq_len)},
            .mscale = static_cast<float>(model.mscale),
            .rotation_scale = static_cast<float>(model.rotation_scale)};
}

// The names of a layer's weights; each name ends in .weight.
struct Names {
    std::string wq, wq_a, q_norm, wq_b, wkv_a, kv_norm, wkv_b, wo;
};
const Names deepseek{"wq", "wq_a", "q_norm", "wq_b", "wkv_a", "kv_norm", "wkv_b", "wo"};
const Names hugging_face{"q_proj",         "q_a_proj",  "q_a_layernorm", "q_b_proj", "kv_a_proj_with_mqa",
                         "kv_a_layernorm", "kv_b_proj", "o_proj"};

// Reads a layer's parts from one file, and notes on the layer how it found them.
class LayerReader {
  public:
    LayerReader(Layer& layer, WeightFile& file) : layer_(layer), file_(file), names_(names_in(file)) {}

    // Returns the names of all parts.
    std::string read() {
        const Config& config = layer_.config;
        const std::size_t q_rows = config.n_heads * config.qk_head_dim(),
                          kv_rows = config.n_heads * (config.qk_nope_head_dim + config.v_head_dim),
                          down_rows = config.kv_lora_rank + config.qk_rope_head_dim;
        Weights& weights = layer_.weights;
        std::string queries;
        check_rank();
        if (config.q_lora_rank == 0) {
            weights.wq.weight = matrix(names_.wq, q_rows, config.dim,
                                       "(n_heads * (qk_nope_head_dim + qk_rope_head_dim), dim)");
            queries = names_.wq;
        } else {
            weights.wq_a.weight = matrix(names_.wq_a, config.q_lora_rank, config.dim, "(q_lora_rank, dim)");
            weights.q_norm = vector(names_.q_norm, config.q_lora_rank, "(q_lora_rank)");
            weights.wq_b.weight = matrix(names_.wq_b, q_rows, config.q_lora_rank,
                                         "(n_heads * (qk_nope_head_dim + qk_rope_head_dim), q_lora_rank)");
            queries = fmt::format("{}, {}, {}", names_.wq_a, names_.q_norm, names_.wq_b);
        }
        weights.wkv_a.weight =
            matrix(names_.wkv_a, down_rows, config.dim, "(kv_lora_rank + qk_rope_head_dim, dim)");
        weights.kv_norm = vector(names_.kv_norm, config.kv_lora_rank, "(kv_lora_rank)");
        weights.wkv_b.weight = matrix(names_.wkv_b, kv_rows, config.kv_lora_rank,
                                      "(n_heads * (qk_nope_head_dim + v_head_dim), kv_lora_rank)");
        weights.wo.weight =
            matrix(names_.wo, config.dim, config.n_heads * config.v_head_dim, "(dim, n_heads * v_head_dim)");
        return fmt::format("{}, {}, {}, {}, {}", queries, names_.wkv_a, names_.kv_norm, names_.wkv_b,
                           names_.wo);
    }

  private:
    // Every layer has this weight, with or without a latent for queries.
    static const Names& names_in(const WeightFile& file) {
        if (file.has(deepseek.wkv_a + ".weight")) return deepseek;
        if (file.has(hugging_face.wkv_a + ".weight")) return hugging_face;
        throw std::invalid_argument(fmt::format(
            "{} has no {}{}.weight, and no {}.weight there; --prefix says what the names begin with, "
            "./walk show {} lists them",
            file.path(), file.prefix(), deepseek.wkv_a, hugging_face.wkv_a, file.path()));
    }

    // Direct queries, or queries through a latent: config and file must mean the same.
    void check_rank() const {
        const std::size_t rank = layer_.config.q_lora_rank;
        const std::string wanted = (rank == 0 ? names_.wq : names_.wq_a) + ".weight";
        const std::string other = (rank == 0 ? names_.wq_a : names_.wq) + ".weight";
        if (!file_.has(wanted) && file_.has(other)) {
            throw std::invalid_argument(fmt::format(
                "{}: {}{} is there and {} is not, but the config says q_lora_rank = {}: the two disagree, "
                "change q_lora_rank or take another file",
                file_.path(), file_.prefix(), other, wanted, rank));
        }
    }

    // 8-bit weights need the scales of their blocks.
    Matrix matrix(const std::string& name, std::size_t rows, std::size_t columns, const char* meaning) {
        const std::string full_name = name + ".weight";
        const Matrix values = file_.matrix(full_name, rows, columns, meaning);
        if (file_.dtype(full_name) != "F8_E4M3") return values;

        constexpr std::size_t block = 128;
        const Matrix scale_inv =
            file_.matrix(scales_of(name), (rows + block - 1) / block, (columns + block - 1) / block,
                         "one scale for each block of 128 x 128");
        layer_.dequantized.push_back(file_.prefix() + full_name);
        return weight_dequant(values, scale_inv, block);
    }

    // As in the published files, or as DeepSeek's own converter calls it.
    [[nodiscard]] std::string scales_of(const std::string& name) const {
        const std::string published = name + ".weight_scale_inv", converted = name + ".scale";
        if (file_.has(published)) return published;
        if (file_.has(converted)) return converted;
        throw FileError(file_.path(),
                        fmt::format("{}{}.weight is F8_E4M3, and there is no {} or {} beside it",
                                    file_.prefix(), name, published, converted),
                        "add the scales of its blocks, or convert it to BF16");
    }

    Vector vector(const std::string& name, std::size_t size, const char* meaning) {
        return file_.vector(name + ".weight", size, meaning);
    }

    Layer& layer_;
    WeightFile& file_;
    const Names& names_;
};

}  // namespace

Layer load_layer(Walkthrough& walk, bool has_scores) {
    const LatentModelConfig model = read_latent_config(*walk.own().config);
    Layer layer;
    layer.config = config_of(model);
    check(layer.config);
    layer.ignored = model.ignored;
    layer.theta = static_cast<float>(model.rope_theta);
    layer.max_seq_len = model.max_seq_len;
    if (model.yarn) layer.yarn = yarn_of(*model.yarn);

    const LayerKind kind{
        .dim = layer.config.dim,
        .max_batch_size = model.max_batch_size,
        .max_seq_len = model.max_seq_len,
        .limits = {},
        .bytes =
            [&](double batch, double tokens, double at_once) {
                return bytes_needed(layer.config, has_scores, batch, tokens, at_once);
            },
        .read = [&](WeightFile& file) { return LayerReader(layer, file).read(); },
        .draw =
            [&](torch::Generator& generator) { layer.weights = random_weights(generator, layer.config); }};
    load_own_layer(walk, kind, layer);
    layer.config.max_batch_size = layer.x.shape(0);
    layer.config.max_seq_len = layer.x.shape(1);
    return layer;
}

}  // namespace ch7
