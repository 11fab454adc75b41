#!/usr/bin/env python3
"""Ask the Transformers library for the numbers of chapter 8: small Llama 4 models as it saves them.

Writes a folder llama4/transformers_* for each model: config.json and the weights as save_pretrained wrote them, tokens.safetensors, and
expected.safetensors (the logits of one pass and of a generation token by token, and what its modules return on the way).
Needs torch, numpy, safetensors and transformers 4.57; takes half a minute.

Each model is also computed by make_llama4_reference.py, after its weights got the reference's names. Both give the same logits.
What differs between the two descriptions of a model:
- Names, and gate_up_proj: one tensor (E, hidden, 2 F) with the columns of gate first, then those of up. The router's weight is (E, hidden).
- q_proj and k_proj need no permutation: unlike Llama 3 in this library, the pairs of RoPE are neighbours here.
- head_dim is free. intermediate_size is the experts' width, intermediate_size_mlp the dense layers'.
- no_rope_layers says 1 for a layer WITH RoPE. layer_types decides the mask, independently of RoPE. moe_layers, where given, decides
  which layers have experts, and interleave_moe_layer_step is then not used.
- Any rope_scaling means the llama3 rule, whatever its rope_type says; its original length and low_freq_factor are its own.
- The QK norm uses rms_norm_eps (the class's own default of 1e-6 is not used), so it is the reference's. It comes after RoPE in both.
- The temperature is log1p(floor((pos + 1) / floor_scale)) attn_scale + 1: the same number, another last bit. It comes before the cache
  in both, so it never scales keys.
- The router computes sigmoid after a scatter into -inf in both; every expert computes every token, those not chosen with input 0.
- A token that is decoded sees its chunk only. The reference's decode sees everything before it.
- A chunk of one token is the exception: the cache of 4.57.6 keeps the last attention_chunk_size - 1 tokens as [-0:], which is all of them,
  so a decoded token sees everything. Its one pass over all tokens is right. No model here has such chunks.
- attention_bias is read as False, whatever config.json says (4.57): this library has no biases here, and drops those of a file.
"""

import argparse
import json
import shutil
import tempfile
import pathlib

import torch
from safetensors.torch import load_file
from transformers import (DynamicCache, Llama4Config, Llama4ForCausalLM, Llama4ForConditionalGeneration, Llama4TextConfig,
                          Llama4VisionConfig, logging)

import make_llama4_reference as reference
from make_attention_reference import llama3_freqs, plain_freqs
from make_llama4_reference import FOLDER, relative, tensors_file

PUBLISHED = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "attn_implementation": "eager", "max_position_embeddings": 131072}


def draw_weights(model):
    """As strong as in make_llama4_reference.py."""
    for name, weight in model.named_parameters():
        values = torch.randn_like(weight)
        if "norm" in name:
            weight.copy_(1 + 0.3 * values)
        elif "embed_tokens" in name:
            weight.copy_(values)
        else:
            width = weight.shape[-2] if weight.dim() == 3 else weight.shape[-1]
            weight.copy_(1.5 * values / width ** 0.5)


# --- what the modules return, under the chapter's names

def record(language_model, seen):
    """Hooks on the modules of a text model."""
    config = language_model.config
    def heads(tensor):
        return tensor.unflatten(-1, (-1, config.head_dim))

    hooks = []
    def keep(module, name, change=lambda output: output):
        hooks.append(module.register_forward_hook(lambda _, __, output: seen.__setitem__(name, change(output).clone())))

    keep(language_model.embed_tokens, "embeddings")
    for i, layer in enumerate(language_model.layers):
        keep(layer.input_layernorm, f"layers.{i}.attention_norm")
        for ours, theirs in (("xq", "q_proj"), ("xk", "k_proj"), ("xv", "v_proj")):
            keep(getattr(layer.self_attn, theirs), f"layers.{i}.{ours}", heads)
        keep(layer.self_attn, f"layers.{i}.attn_weights", lambda output: output[1])
        keep(layer.self_attn, f"layers.{i}.attention", lambda output: output[0])
        keep(layer.post_attention_layernorm, f"layers.{i}.ffn_norm")
        if layer.is_moe_layer:
            keep(layer.feed_forward.router, f"layers.{i}.router_scores", lambda output: output[0].t())
            hooks.append(layer.feed_forward.router.register_forward_hook(
                lambda _, __, output, i=i: seen.__setitem__(f"layers.{i}.router_logits", output[1].clone())))
            # The module adds the experts' sum to this tensor in place, so it is copied first.
            keep(layer.feed_forward.shared_expert, f"layers.{i}.shared_expert")
        keep(layer, f"layers.{i}.output")
    keep(language_model.norm, "norm")
    return hooks


def one_pass(model, language_model, tokens):
    seen = {}
    hooks = record(language_model, seen)
    seen["logits"] = model(input_ids=tokens, use_cache=False).logits
    for hook in hooks:
        hook.remove()
    return seen


def generate(model, config, tokens, prefill):
    """The logits of all tokens: some at once, then one at a time, with the library's own cache."""
    cache, logits = DynamicCache(config=config), []
    borders = [0, *range(prefill, tokens.shape[1] + 1)]
    for start, end in zip(borders, borders[1:]):
        logits.append(model(input_ids=tokens[:, start:end], past_key_values=cache, use_cache=True).logits)
    return torch.cat(logits, dim=1)


# --- the same model by the other description

def reference_names(config, state):
    """Text weights by the reference's names. `state` is by Hugging Face's, without any prefix."""
    weights = {"tok_embeddings.weight": state["model.embed_tokens.weight"], "norm.weight": state["model.norm.weight"]}
    weights["output.weight"] = state.get("lm_head.weight", weights["tok_embeddings.weight"])
    attention = {"q_proj": "wq", "k_proj": "wk", "v_proj": "wv", "o_proj": "wo"}
    dense = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}
    for i in range(config.num_hidden_layers):
        theirs, ours = f"model.layers.{i}.", f"layers.{i}."
        weights[ours + "attention_norm.weight"] = state[theirs + "input_layernorm.weight"]
        weights[ours + "ffn_norm.weight"] = state[theirs + "post_attention_layernorm.weight"]
        for a, b in attention.items():
            weights[f"{ours}attention.{b}.weight"] = state[f"{theirs}self_attn.{a}.weight"]
        shared = "shared_expert." if i in config.moe_layers else ""
        for a, b in dense.items():
            weights[f"{ours}feed_forward.{shared}{b}.weight"] = state[f"{theirs}feed_forward.{shared}{a}.weight"]
        if shared:
            experts = f"{ours}feed_forward.experts."
            gate, up = state[theirs + "feed_forward.experts.gate_up_proj"].chunk(2, dim=-1)
            weights |= {experts + "w1": gate, experts + "w3": up, experts + "w2": state[theirs + "feed_forward.experts.down_proj"],
                        f"{ours}feed_forward.router_DE": state[theirs + "feed_forward.router.weight"].t()}
    return weights


def freqs_of(config):
    scaling = config.rope_scaling
    if scaling is None:
        return plain_freqs(config.head_dim, config.rope_theta)
    low, high, old = scaling["low_freq_factor"], scaling["high_freq_factor"], scaling["original_max_position_embeddings"]
    if low == high:
        plain = plain_freqs(config.head_dim, config.rope_theta)
        return torch.where(2 * torch.pi / plain < old / high, plain, plain / scaling["factor"])
    return llama3_freqs(config.head_dim, config.rope_theta, scaling["factor"], low, high, old)


def as_reference(config, state):
    return reference.Model(head_dim=config.head_dim, n_heads=config.num_attention_heads, n_kv_heads=config.num_key_value_heads,
                           norm_eps=config.rms_norm_eps, chunk=config.attention_chunk_size, freqs=freqs_of(config),
                           rope=[bool(rope) for rope in config.no_rope_layers],
                           chunked=[kind == "chunked_attention" for kind in config.layer_types], qk_norm=config.use_qk_norm,
                           tuning=config.attn_temperature_tuning, floor_scale=config.floor_scale, attn_scale=config.attn_scale,
                           top_k=config.num_experts_per_tok, weights=reference_names(config, state))


def without_prefix(state):
    """A multimodal file has language_model. before the text model's names, and tensors of other parts."""
    inner = {name.removeprefix("language_model."): weight for name, weight in state.items() if name.startswith("language_model.")}
    return inner or state


def saved_weights(folder):
    return {name: weight for file in sorted(folder.glob("model*.safetensors")) for name, weight in load_file(file).items()}


def compare(model, config, folder, tokens, seen, what):
    """From the saved files: generation, the reference's formulas with every prefill, and each tensor that both have."""
    ours = as_reference(config, without_prefix(saved_weights(folder)))
    check = reference.checked(ours, tokens, what)
    for name, tensor in seen.items():
        gap = relative(tensor, check[name])
        assert gap < 6e-6, f"{what}: {name} differs from the reference's formulas by {gap:.2g}"
    for prefill in range(1, tokens.shape[1]):
        gap = relative(generate(model, config, tokens, prefill), seen["logits"])
        assert gap < 6e-6, f"{what}: generation after {prefill} tokens differs by {gap:.2g}"


# --- the models

def write_case(name, model, language_model, seed, B, T, every, shard=None):
    config, folder = language_model.config, FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    (folder / "generation_config.json").unlink(missing_ok=True)
    if shard:
        assert (folder / "model.safetensors.index.json").exists(), f"{name}: one shard only"

    tokens = torch.randint(3, config.vocab_size, (B, T), generator=torch.Generator().manual_seed(seed))
    seen = one_pass(model, language_model, tokens)
    compare(model, config, folder, tokens, seen, name)
    seen = seen if every else {key: seen[key] for key in ("logits", "norm")}
    generated = {"generated.logits": generate(model, config, tokens, 1)}
    tensors_file(folder / "tokens.safetensors", {"tokens": tokens})
    tensors_file(folder / "expected.safetensors", seen | generated)
    print(f"{name}: {sum(file.stat().st_size for file in folder.iterdir()):,} bytes")


def text_model(seed, **fields):
    torch.manual_seed(seed)
    model = Llama4ForCausalLM(Llama4TextConfig(**PUBLISHED, **fields)).eval()
    draw_weights(model)
    return model


def text_case(name, seed, B, T, every=True, shard=None, **fields):
    model = text_model(seed, **fields)
    write_case(name, model, model.model, seed, B, T, every, shard)


def multimodal_model(seed, fields):
    """A text model inside a model that also sees. The file has the vision tower's weights, too."""
    torch.manual_seed(seed)
    vision = Llama4VisionConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=8, patch_size=4,
                                vision_output_dim=6, projector_input_dim=6, projector_output_dim=6)
    config = Llama4Config(text_config=Llama4TextConfig(**PUBLISHED, **fields), vision_config=vision, boi_token_index=0, eoi_token_index=1,
                          image_token_index=2, attn_implementation="eager")
    model = Llama4ForConditionalGeneration(config).eval()
    draw_weights(model)
    return model


def multimodal_case(name, seed, B, T, **fields):
    model = multimodal_model(seed, fields)
    write_case(name, model, model.language_model.model, seed, B, T, every=False)


def images_case(name, seed, B, T, **fields):
    """The whole model on pixels. What its vision tower returns becomes image_embedding, at the image's tokens."""
    model, folder = multimodal_model(seed, fields), FOLDER / name
    tokens = torch.randint(3, fields["vocab_size"], (B, T), generator=torch.Generator().manual_seed(seed))
    tokens[0, 1] = tokens[1, 6] = 2  # the image's token: an image of 8 x 8 pixels becomes one vector
    mask, towers = tokens == 2, []
    hook = model.multi_modal_projector.register_forward_hook(lambda _, inputs, __: towers.append(inputs[0].clone()))
    pixels = torch.randn(B, 3, 8, 8)
    logits = model(input_ids=tokens, pixel_values=pixels, use_cache=False).logits
    hook.remove()
    embedding = torch.zeros(B, T, towers[0].shape[-1])
    embedding[mask] = towers[0].flatten(0, -2)

    # One call takes all pixels, so the prefill contains both images.
    cache, prefill = DynamicCache(config=model.language_model.model.config), 7
    generated = [model(input_ids=tokens[:, :prefill], pixel_values=pixels, past_key_values=cache, use_cache=True).logits]
    generated += [model(input_ids=tokens[:, t:t + 1], past_key_values=cache, use_cache=True).logits for t in range(prefill, T)]

    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    state = saved_weights(folder)
    ours = as_reference(model.language_model.model.config, without_prefix(state))
    ours.weights["vision_projection.weight"] = state["multi_modal_projector.linear_1.weight"]
    seen = reference.checked(ours, tokens, name, images=(embedding, mask[:, :, None]))
    for what, got in (("logits", logits), ("generation", torch.cat(generated, dim=1))):
        gap = relative(got, seen["logits"])
        assert gap < 6e-6, f"{name}: {what} differs from the reference's formulas by {gap:.2g}"
    tensors_file(folder / "tokens.safetensors", {"tokens": tokens, "image_embedding": embedding, "image_mask": mask})
    tensors_file(folder / "expected.safetensors", {"logits": logits, "generated.logits": torch.cat(generated, dim=1)})
    print(f"{name}: {sum(file.stat().st_size for file in folder.iterdir()):,} bytes")


DENSE = dict(vocab_size=31, hidden_size=20, intermediate_size=7, intermediate_size_mlp=22, num_hidden_layers=4, num_attention_heads=6,
             num_key_value_heads=3, head_dim=4, moe_layers=[], rope_theta=100.0, no_rope_layers=[1, 1, 0, 1], attention_chunk_size=4, floor_scale=3,
             attn_scale=0.7)

# Scout's scaling: low = high = 1. With head_dim 8, the slowest two frequencies are divided.
MOE = dict(vocab_size=29, hidden_size=18, intermediate_size=10, intermediate_size_mlp=99, num_hidden_layers=3, num_attention_heads=4,
           num_key_value_heads=1, head_dim=8, num_local_experts=4, num_experts_per_tok=1, interleave_moe_layer_step=1, no_rope_layer_interval=2,
           attention_chunk_size=3, floor_scale=2, attn_scale=0.5,
           rope_scaling={"rope_type": "llama3", "factor": 16.0, "low_freq_factor": 1.0, "high_freq_factor": 1.0,
                         "original_max_position_embeddings": 8192})

INTERLEAVED = dict(vocab_size=23, hidden_size=14, intermediate_size=9, intermediate_size_mlp=17, num_hidden_layers=4, num_attention_heads=4,
                   num_key_value_heads=2, head_dim=6, num_local_experts=4, num_experts_per_tok=2, interleave_moe_layer_step=2, use_qk_norm=False,
                   attention_chunk_size=5, floor_scale=4, attn_scale=0.3, rope_theta=1000.0, rms_norm_eps=1e-3,
                   rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 8.0,
                                 "original_max_position_embeddings": 128})

# The embedding is the output's weight, the lists of layers follow no interval, and the temperature is off.
TIED = dict(vocab_size=19, hidden_size=15, intermediate_size=8, intermediate_size_mlp=13, num_hidden_layers=4, num_attention_heads=3,
            num_key_value_heads=3, head_dim=6, num_local_experts=3, num_experts_per_tok=2, moe_layers=[0, 3], no_rope_layers=[0, 1, 1, 0],
            attention_chunk_size=2, attn_temperature_tuning=False, rope_theta=30.0, tie_word_embeddings=True)

NESTED = dict(vocab_size=21, hidden_size=16, intermediate_size=6, intermediate_size_mlp=11, num_hidden_layers=3, num_attention_heads=4,
              num_key_value_heads=2, head_dim=4, num_local_experts=2, num_experts_per_tok=1, interleave_moe_layer_step=2, no_rope_layer_interval=3,
              attention_chunk_size=4, floor_scale=2, attn_scale=0.9, rope_theta=200.0)

SMALLER = NESTED | dict(num_hidden_layers=2, moe_layers=[0], no_rope_layers=[1, 0], layer_types=["chunked_attention", "full_attention"])


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    text_case("transformers_dense", 11, B=2, T=10, **DENSE)
    text_case("transformers_moe_shards", 12, B=2, T=8, shard="20KB", **MOE)
    text_case("transformers_moe_interleaved", 13, B=2, T=7, **INTERLEAVED)
    text_case("transformers_tied", 14, B=3, T=5, every=False, **TIED)
    multimodal_case("transformers_multimodal", 15, B=2, T=9, **NESTED)
    images_case("transformers_multimodal_images", 16, B=2, T=10, **SMALLER)


if __name__ == "__main__":
    main()
