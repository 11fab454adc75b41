#include "chapters/07_multi_head_latent_attention/layer_files.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "chapters/07_multi_head_latent_attention/weight_dequant.hpp"
#include "common/files/latent_config.hpp"
#include "common/files/weight_file.hpp"
#include "common/torch/random.hpp"

namespace ch7 {
namespace {

// Both name the same weights, and both keep rotary pairs as neighbours: nothing has to be permuted.
struct Names {
    const char *whose, *wq, *wq_a, *q_norm, *wq_b, *wkv_a, *kv_norm, *wkv_b, *wo;
};
constexpr Names deepseek = {
    "DeepSeek's names (wq, wkv_a, ...)", "wq", "wq_a", "q_norm", "wq_b", "wkv_a", "kv_norm", "wkv_b", "wo"};
constexpr Names hugging_face = {"Hugging Face's names (q_proj, kv_a_proj_with_mqa, ...)",
                                "q_proj",
                                "q_a_proj",
                                "q_a_layernorm",
                                "q_b_proj",
                                "kv_a_proj_with_mqa",
                                "kv_a_layernorm",
                                "kv_b_proj",
                                "o_proj"};

std::string weight_of(const char* name) {
    return std::string(name) + ".weight";
}

// Reads the matrices and norms of one layer, and multiplies FP8 by the scales of its blocks.
class LayerReader {
  public:
    LayerReader(WeightFile& file, const Config& config, Layer& layer)
        : file_(file), config_(config), layer_(layer) {}

    void read(const Names& names) {
        const std::size_t q_rows = config_.n_heads * config_.qk_head_dim();
        const std::size_t kv_rows = config_.n_heads * (config_.qk_nope_head_dim + config_.v_head_dim);
        Weights& weights = layer_.weights;
        check_queries(names);
        if (config_.q_lora_rank == 0) {
            weights.wq = linear(names.wq, q_rows, config_.dim, "(n_heads * (nope + rope), dim)");
        } else {
            weights.wq_a = linear(names.wq_a, config_.q_lora_rank, config_.dim, "(q_lora_rank, dim)");
            weights.q_norm = file_.vector(weight_of(names.q_norm), config_.q_lora_rank, "(q_lora_rank)");
            weights.wq_b =
                linear(names.wq_b, q_rows, config_.q_lora_rank, "(n_heads * (nope + rope), q_lora_rank)");
        }
        weights.wkv_a = linear(names.wkv_a, config_.kv_lora_rank + config_.qk_rope_head_dim, config_.dim,
                               "(kv_lora_rank + rope, dim)");
        weights.kv_norm = file_.vector(weight_of(names.kv_norm), config_.kv_lora_rank, "(kv_lora_rank)");
        weights.wkv_b =
            linear(names.wkv_b, kv_rows, config_.kv_lora_rank, "(n_heads * (nope + v), kv_lora_rank)");
        weights.wo =
            linear(names.wo, config_.dim, config_.n_heads * config_.v_head_dim, "(dim, n_heads * v)");
        layer_.naming = names.whose;
        layer_.unused = file_.unused();
    }

  private:
    // A file with the other kind of queries belongs to another config.
    void check_queries(const Names& names) const {
        const bool is_direct = config_.q_lora_rank == 0;
        const char *wanted = is_direct ? names.wq : names.wq_a, *other = is_direct ? names.wq_a : names.wq;
        if (file_.has(weight_of(wanted)) || !file_.has(weight_of(other))) return;
        throw std::invalid_argument(fmt::format(
            "{} has {}{} and no {}, but the config's q_lora_rank is {}: config and weights are not of one model",
            file_.path(), file_.prefix(), weight_of(other), weight_of(wanted), config_.q_lora_rank));
    }

    ch2::Linear linear(const char* name, std::size_t rows, std::size_t columns, const char* meaning) {
        const std::string weight = weight_of(name);
        const Matrix values = file_.matrix(weight, rows, columns, meaning);
        if (file_.dtype(weight) != "F8_E4M3") return {values, {}};
        layer_.dequantized.push_back(weight);
        return {weight_dequant(values, scales_of(name, rows, columns)), {}};
    }

    // One scale for each block of 128 x 128: weight_scale_inv in checkpoints, scale in files that DeepSeek's
    // own converter has made.
    Matrix scales_of(const char* name, std::size_t rows, std::size_t columns) {
        const auto blocks = [](std::size_t length) { return (length + 127) / 128; };
        for (const char* ending : {".weight_scale_inv", ".scale"}) {
            const std::string scale = std::string(name) + ending;
            if (file_.has(scale)) {
                return file_.matrix(scale, blocks(rows), blocks(columns), "one for each block of 128 x 128");
            }
        }
        throw std::invalid_argument(
            fmt::format("{0}: {1}{2}.weight is F8_E4M3, and there is no {1}{2}.weight_scale_inv or "
                        "{1}{2}.scale to multiply it by; add it",
                        file_.path(), file_.prefix(), name));
    }

    WeightFile& file_;
    const Config& config_;
    Layer& layer_;
};

void read_weights(Layer& layer, WeightFile& file) {
    LayerReader reader(file, layer.config, layer);
    for (const Names& names : {deepseek, hugging_face}) {
        if (file.has(weight_of(names.wkv_a))) return reader.read(names);
    }
    throw std::invalid_argument(fmt::format(
        "{0} has no {1}wkv_a.weight and no {1}kv_a_proj_with_mqa.weight; --prefix says what the names "
        "begin with, ./walk show {0} lists them",
        file.path(), file.prefix()));
}

Config config_of(const LatentModelConfig& model) {
    return {.dim = model.dim,
            .n_heads = model.n_heads,
            .q_lora_rank = model.q_lora_rank,
            .kv_lora_rank = model.kv_lora_rank,
            .qk_nope_head_dim = model.qk_nope_head_dim,
            .qk_rope_head_dim = model.qk_rope_head_dim,
            .v_head_dim = model.v_head_dim,
            .max_batch_size = model.max_batch_size,
            .max_seq_len = model.max_seq_len};
}

std::optional<Yarn> yarn_of(const LatentModelConfig& model) {
    if (!model.yarn) return std::nullopt;
    const LatentYarn& yarn = *model.yarn;
    return Yarn{.scaling = {.factor = static_cast<float>(yarn.factor),
                            .beta_fast = static_cast<float>(yarn.beta_fast),
                            .beta_slow = static_cast<float>(yarn.beta_slow),
                            .original_max_seq_len = static_cast<float>(yarn.original_max_seq_len)},
                .mscale = static_cast<float>(yarn.mscale),
                .rotation_scale = static_cast<float>(yarn.rotation_scale)};
}

}  // namespace

Layer load_layer(Walkthrough& walk) {
    const OwnFiles& own = walk.own();
    const LatentModelConfig model = read_latent_config(*own.config);
    Layer layer;
    layer.config = config_of(model);
    layer.theta = static_cast<float>(model.rope_theta);
    layer.yarn = yarn_of(model);
    check(layer.config);

    torch::Generator generator(walk.seed(123));
    const std::size_t dim = layer.config.dim;
    layer.x = own.input ? read_tokens(*own.input, dim)
                        : torch::view<3>(torch::randn(generator, 4, dim), {1, 4, dim});
    if (own.weights) {
        WeightFile file(*own.weights, own.prefix);
        read_weights(layer, file);
    } else {
        layer.weights = random_weights(generator, layer.config);
        layer.naming = "random, from the seed";
    }

    const std::size_t tokens = layer.x.shape(1);
    if (!own.tokens.empty() && own.tokens.size() != tokens) {
        throw std::invalid_argument(
            fmt::format("--tokens has {} words, the input {} tokens", own.tokens.size(), tokens));
    }
    return layer;
}

}  // namespace ch7
