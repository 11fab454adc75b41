#!/usr/bin/env python3
"""Ask transformers for what its attention layers give, for configs that chapter 6 runs.

Writes dialects.safetensors (for each case a text `x`, the layer's weights, its `output`) and dialects.json (each case's
config.json). Needs torch, numpy, safetensors and transformers; takes about ten seconds.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import CONFIG_MAPPING
from transformers.models.gemma import modeling_gemma
from transformers.models.granite import modeling_granite
from transformers.models.llama import modeling_llama
from transformers.models.mistral import modeling_mistral
from transformers.models.mixtral import modeling_mixtral
from transformers.models.qwen2 import modeling_qwen2

HERE = pathlib.Path(__file__).parent
BATCH, TOKENS = 2, 7
SIZES = {"hidden_size": 10, "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 12, "num_hidden_layers": 1,
         "intermediate_size": 8, "vocab_size": 11, "max_position_embeddings": 64}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}

# name: what model, its fields, and whether all of its fields are written, as transformers saves them
CASES = {
    "llama": ("llama", {"head_dim": None, "hidden_size": 24, "rope_theta": 500.0}, False),
    "llama_bias": ("llama", {"attention_bias": True}, True),
    "linear": ("llama", {"rope_scaling": {"type": "linear", "factor": 3.0}}, False),
    "llama3": ("llama", {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                          "original_max_position_embeddings": 32}}, False),
    "dynamic": ("llama", {"rope_scaling": {"rope_type": "dynamic", "factor": 4.0}}, False),
    "yarn": ("llama", {"rope_scaling": YARN}, False),
    "yarn_given_factor": ("llama", {"rope_scaling": {**YARN, "attention_factor": 1.3, "beta_fast": 0.9, "beta_slow": 0.1}}, False),
    "yarn_ratio": ("llama", {"rope_scaling": {**YARN, "mscale": 0.7, "mscale_all_dim": 1.2}}, False),
    "yarn_one_mscale": ("llama", {"rope_scaling": {**YARN, "mscale": 0.7}}, False),
    "yarn_not_truncated": ("llama", {"rope_scaling": {**YARN, "truncate": False, "beta_fast": 1.5, "beta_slow": 0.3}}, False),
    "mistral_within_window": ("mistral", {"sliding_window": TOKENS}, True),
    "mixtral_default_theta": ("mixtral", {}, False),
    "qwen2": ("qwen2", {"sliding_window": 3, "rope_theta": 1e6}, True),
    "gemma": ("gemma", {}, True),
    "granite": ("granite", {"attention_multiplier": 12**-0.5}, True),
}
MODULES = {"gemma": (modeling_gemma, "Gemma"), "granite": (modeling_granite, "Granite"), "llama": (modeling_llama, "Llama"),
           "mistral": (modeling_mistral, "Mistral"), "mixtral": (modeling_mixtral, "Mixtral"), "qwen2": (modeling_qwen2, "Qwen2")}


def run(model_type, fields):
    """The config, and a random text, weights and output by their names."""
    config = CONFIG_MAPPING[model_type](**{**SIZES, **fields}, attn_implementation="eager")
    module, name = MODULES[model_type]
    attention = getattr(module, f"{name}Attention")(config, layer_idx=0).eval()
    rotary = getattr(module, f"{name}RotaryEmbedding")(config)

    # Biases start as zeros; none of them may be one here.
    weights = {key: torch.randn(value.shape) * 0.4 for key, value in attention.state_dict().items()}
    attention.load_state_dict(weights)
    x = torch.randn(BATCH, TOKENS, config.hidden_size)
    future = torch.full((TOKENS, TOKENS), float("-inf")).triu(1)[None, None].expand(BATCH, 1, -1, -1)
    with torch.no_grad():
        positions = rotary(x, torch.arange(TOKENS)[None])
        output = attention(hidden_states=x, position_embeddings=positions, attention_mask=future)[0]
    return config, {"x": x, **weights, "output": output}


def main():
    configs, tensors = {}, {}
    for seed, (case, (model_type, fields, is_whole)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        config, results = run(model_type, fields)
        written = {"model_type": model_type, **SIZES, **fields}
        configs[case] = config.to_dict() if is_whole else written
        tensors.update({f"{case}.{key}": value.contiguous() for key, value in results.items()})
    save_file(tensors, HERE / "dialects.safetensors")
    (HERE / "dialects.json").write_text(json.dumps(configs, indent=1) + "\n")


if __name__ == "__main__":
    main()
