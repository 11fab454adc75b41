#!/usr/bin/env python3
"""Make ../tests/planted/*.ipynb: companion notebooks with one mistake each, executed.

A mistake is told by the lines that it replaces. What comes out must differ from the correct notebook first in the
print that is named here, and no two mistakes of a chapter may print the same. planted.json lists them. Needs what
make_notebooks.py needs; takes some minutes, or seconds with --only.
"""

import argparse
import dataclasses
import json
import pathlib

import nbformat
from make_notebooks import HERE, Cell, executed, one_thread, printed_names, prints_of, read_cells, reference_prints, source_of, write, write_notebook

PLANTED = HERE.parent / "tests" / "planted"

# Every build of PyTorch but the x86-64 wheels up to 2.6 draws a double for each element.
GENERIC_DROPOUT = """
import torch

def dropout(x, p=0.5, training=True, inplace=False):
    keep = torch.rand(x.shape, dtype=torch.float64) < 1 - p
    return x * (keep / (1 - p)).to(x.dtype) if training else x

torch.nn.functional.dropout = dropout
"""


@dataclasses.dataclass(frozen=True)
class Mistake:
    chapter: int
    cause: str
    wrong: str                        # the first print that differs
    lines: dict[str, str]             # right line: wrong line, or nothing
    until: str = ""                   # the last cell that is kept, where not all are
    without: tuple[str, ...] = ()     # cells that are left out
    only_in: str = ""                 # the one cell where lines are replaced
    hidden: str = ""                  # runs before, unseen
    variant: str = ""                 # where a cause is planted twice in a chapter

    @property
    def file(self):
        return "_".join(filter(None, [f"{self.chapter:02}", self.cause.replace("-", "_"), self.variant])) + ".ipynb"


CHAPTER_1 = [
    Mistake(1, "normalised-without-exp", "attn_weights_2", {
        "attn_weights_2 = attn_scores_2.softmax(dim=0)": "attn_weights_2 = attn_scores_2 / attn_scores_2.sum()",
    }, until="context-of-journey"),

    # The scores are symmetric, so this prints the transposed weights.
    Mistake(1, "softmax-wrong-axis", "attn_weights", {
        "attn_weights = torch.softmax(attn_scores, dim=-1)": "attn_weights = torch.softmax(attn_scores, dim=0)",
    }, without=("scores-of-journey", "weights-of-journey", "context-of-journey")),
]

CHAPTER_2 = [
    Mistake(2, "weights-transposed", "query", {
        f"W_{role} = torch.rand(d_in, d_out)": f"W_{role} = torch.rand(d_out, d_in).T" for role in ("query", "key", "value")
    }, until="contexts"),
    Mistake(2, "linear-instead-of-parameter", "query", {
        f"W_{role} = torch.rand(d_in, d_out)": f"W_{role} = nn.Linear(d_in, d_out, bias=False).weight.T" for role in ("query", "key", "value")
    }, until="contexts"),
    Mistake(2, "other-seed", "query", {"torch.manual_seed(123)": "torch.manual_seed(42)"}, until="contexts"),
    Mistake(2, "scores-transposed", "attn_scores", {"attn_scores = query @ key.T": "attn_scores = key @ query.T"}, until="contexts"),
    Mistake(2, "scale-missing", "attn_weights", {
        "attn_weights = torch.softmax(attn_scores / math.sqrt(d_k), dim=-1)": "attn_weights = torch.softmax(attn_scores, dim=-1)",
    }, until="contexts"),
    Mistake(2, "scale-d-in", "attn_weights", {"d_k = key.shape[-1]": "d_k = inputs.shape[-1]"}, until="contexts"),
    Mistake(2, "softmax-wrong-axis", "attn_weights", {
        "attn_weights = torch.softmax(attn_scores / math.sqrt(d_k), dim=-1)": "attn_weights = torch.softmax(attn_scores / math.sqrt(d_k), dim=0)",
    }, until="contexts"),
    Mistake(2, "construction-order", "sa_v2(inputs)", {
        "self.W_query = nn.Linear(d_in, d_out, bias=False)": "self.W_key = nn.Linear(d_in, d_out, bias=False)",
        "self.W_key = nn.Linear(d_in, d_out, bias=False)": "self.W_query = nn.Linear(d_in, d_out, bias=False)",
    }, until="linears"),
    Mistake(2, "bias-where-none", "sa_v2(inputs)", {
        f"self.W_{role} = nn.Linear(d_in, d_out, bias=False)": f"self.W_{role} = nn.Linear(d_in, d_out)" for role in ("query", "key", "value")
    }, until="linears"),
]

CHAPTER_3 = [
    Mistake(3, "mask-inverted", "masked", {
        "masked = attn_scores.masked_fill(future, -torch.inf)": "masked = attn_scores.masked_fill(~future, -torch.inf)",
    }, until="causal-weights"),
    Mistake(3, "mask-off-by-one", "masked", {
        "future = torch.ones(tokens, tokens).triu(diagonal=1).bool()": "future = torch.ones(tokens, tokens).triu(diagonal=0).bool()",
    }, until="causal-weights"),
    Mistake(3, "mask-zero-instead-of-inf", "masked", {
        "masked = attn_scores.masked_fill(future, -torch.inf)": "masked = attn_scores.masked_fill(future, 0.0)",
    }, until="causal-weights"),
    Mistake(3, "mask-after-softmax-not-renormalised", "attn_weights", {
        "attn_weights = torch.softmax(masked / math.sqrt(d_k), dim=-1)":
            "attn_weights = torch.softmax(attn_scores / math.sqrt(d_k), dim=-1) * mask_simple",
    }, until="dropout-of-weights"),
    Mistake(3, "dropout-other-build", "dropout(example)", {}, hidden=GENERIC_DROPOUT),
    Mistake(3, "dropout-not-rescaled", "dropout(example)", {
        "dropout = nn.Dropout(0.5)": "dropout = lambda x: x * torch.empty_like(x).bernoulli_(0.5)",
    }, until="dropout-of-weights"),
    Mistake(3, "dropout-off", "dropout(example)", {"dropout = nn.Dropout(0.5)": "dropout = nn.Dropout(0.5).eval()"}, until="dropout-of-weights"),
    Mistake(3, "dropout-before-softmax", "dropout(attn_weights)", {
        "print(dropout(attn_weights))": "print(torch.softmax(dropout(attn_scores).masked_fill(future, -torch.inf) / math.sqrt(d_k), dim=-1))",
    }, until="dropout-of-weights"),
    Mistake(3, "seed-not-reset", "dropout(attn_weights)", {"torch.manual_seed(123)": ""}, only_in="dropout-of-weights", until="dropout-of-weights"),
    Mistake(3, "mask-missing", "context_vecs", {
        "scores = scores.masked_fill(future, -torch.inf)": "",
    }),
    Mistake(3, "mask-off-by-one", "context_vecs", {
        "future = torch.ones(length, length).triu(diagonal=1).bool()": "future = torch.ones(length, length).triu(diagonal=2).bool()",
    }, variant="ahead"),
    Mistake(3, "scale-missing", "context_vecs", {
        "weights = torch.softmax(scores / math.sqrt(keys.shape[-1]), dim=-1)": "weights = torch.softmax(scores, dim=-1)",
    }),
]

CHAPTER_4 = [
    Mistake(4, "other-seed", "context_vecs", {"torch.manual_seed(123)": "torch.manual_seed(0)"}, until="fused"),
    Mistake(4, "view-instead-of-transpose", "context_vecs", {
        "return x.view(B, T, self.n_heads, self.head_dim).transpose(1, 2)": "return x.view(B, self.n_heads, T, self.head_dim)",
    }, until="fused"),
    Mistake(4, "heads-not-combined", "context_vecs", {
        "return x.transpose(1, 2).flatten(2)": "return x.reshape(x.shape[0], x.shape[2], -1)",
    }, until="fused"),
    Mistake(4, "weights-transposed", "context_vecs", {
        "return self.out_proj(self.combine(weights @ values))": "return self.combine(weights @ values) @ self.out_proj.weight + self.out_proj.bias",
    }, until="fused"),

    # No mistake of the reader's: the notebook divides by a width that was left over.
    Mistake(4, "notebook-bug-fixed", "context_vecs", {
        "mha = MultiHead(d_out=2, n_heads=2, width_in_scale=2)": "mha = MultiHead(d_out=2, n_heads=2, width_in_scale=1)",
    }),
    Mistake(4, "construction-order", "context_vecs", {
        "self.W_query = nn.Linear(d_in, d_out, bias=False)": "self.W_key = nn.Linear(d_in, d_out, bias=False)",
        "self.W_key = nn.Linear(d_in, d_out, bias=False)": "self.W_query = nn.Linear(d_in, d_out, bias=False)",
    }, until="fused"),
]

CHAPTER_5 = [
    Mistake(5, "other-seed", "x", {"torch.manual_seed(123)": "torch.manual_seed(0)"}, until="project"),
    Mistake(5, "construction-order", "wk.weight", {
        "wq = nn.Linear(dim, n_heads * head_dim, bias=False)": "wk = nn.Linear(dim, n_kv_heads * head_dim, bias=False)",
        "wk = nn.Linear(dim, n_kv_heads * head_dim, bias=False)": "wq = nn.Linear(dim, n_heads * head_dim, bias=False)",
    }, until="project"),
    Mistake(5, "repeat-instead-of-repeat-interleave", "keys", {
        "return x.repeat_interleave(n_heads // n_kv_heads, dim=2)": "return x.repeat(1, 1, n_heads // n_kv_heads, 1)",
    }),
    Mistake(5, "mask-missing", "masked", {"masked = hide_future(attn_scores, start_pos=0)": "masked = attn_scores"}, until="output"),
    Mistake(5, "scale-dim-instead-of-head-dim", "attn_weights", {
        "return torch.softmax(masked / math.sqrt(head_dim), dim=-1)": "return torch.softmax(masked / math.sqrt(dim), dim=-1)",
    }, until="output"),
    Mistake(5, "scale-missing", "attn_weights", {
        "return torch.softmax(masked / math.sqrt(head_dim), dim=-1)": "return torch.softmax(masked, dim=-1)",
    }, until="output"),

    # The new key over the oldest one; and the whole step as if nothing had been there before.
    Mistake(5, "cache-offset", "step.attn_weights", {"cache[:B, start_pos:start_pos + T] = new": "cache[:B, :T] = new"}),
    Mistake(5, "cache-offset", "step.attn_weights", {"step.start_pos = x.shape[1]": "step.start_pos = 0"}, variant="start_pos_0"),
    Mistake(5, "mask-without-start-pos", "step.attn_weights", {
        "step.attn_weights = weigh(hide_future(step.attn_scores, step.start_pos))": "step.attn_weights = weigh(hide_future(step.attn_scores, 0))",
    }),
]

HALF_SPLIT = """first, second = x.chunk(2, dim=-1)
    turned = torch.complex(first, second) * here
    return torch.cat([turned.real, turned.imag], dim=-1)"""

CHAPTER_6 = [
    Mistake(6, "rope-theta", "freqs", {"max_seq, theta = 5, 10000.0": "max_seq, theta = 5, 500000.0"}, until="rotate"),
    Mistake(6, "rope-half-split", "xq_rotated", {"return torch.view_as_real(as_complex(x) * here).flatten(-2)": HALF_SPLIT}),

    # Everything one position too far: the scores do not notice. Then the queries alone: they do.
    Mistake(6, "rope-off-by-one", "xq_rotated", {
        "here = table[start_pos:start_pos + x.shape[1], None]  # the same for all heads of a token":
            "here = table[start_pos + 1:start_pos + 1 + x.shape[1], None]  # the same for all heads of a token",
    }),
    Mistake(6, "rope-off-by-one", "xq_rotated", {
        "xq_rotated = rotate(xq, freqs_complex, start_pos=0)": "xq_rotated = rotate(xq, freqs_complex, start_pos=1)",
        "step.xq_rotated = rotate(step.xq, freqs_complex, step.start_pos)": "step.xq_rotated = rotate(step.xq, freqs_complex, step.start_pos + 1)",
    }, variant="queries"),
    Mistake(6, "rope-before-heads", "xq_rotated", {
        "xq_rotated = rotate(xq, freqs_complex, start_pos=0)":
            "xq_rotated = in_heads(rotate(wq(x)[:, :, None], turns(frequencies(n_heads * head_dim)), start_pos=0)[:, :, 0])",
        "step.xq_rotated = rotate(step.xq, freqs_complex, step.start_pos)":
            "step.xq_rotated = in_heads(rotate(wq(x_next)[:, :, None], turns(frequencies(n_heads * head_dim)), step.start_pos)[:, :, 0])",
    }),
    Mistake(6, "rope-not-on-keys", "xk_rotated", {
        "xk_rotated = rotate(xk, freqs_complex, start_pos=0)": "xk_rotated = xk",
        "step.xk_rotated = rotate(step.xk, freqs_complex, step.start_pos)": "step.xk_rotated = step.xk",
    }),
    Mistake(6, "rope-on-values", "output", {
        "keys, values = share(keep(cache_k, xk_rotated, start_pos=0)), share(keep(cache_v, xv, start_pos=0))":
            "xv = rotate(xv, freqs_complex, start_pos=0)\n"
            "keys, values = share(keep(cache_k, xk_rotated, start_pos=0)), share(keep(cache_v, xv, start_pos=0))",
        "step.values = share(keep(cache_v, step.xv, step.start_pos))":
            "step.values = share(keep(cache_v, rotate(step.xv, freqs_complex, step.start_pos), step.start_pos))",
    }),
    Mistake(6, "rope-without-start-pos", "step.xq_rotated", {
        "step.xq_rotated = rotate(step.xq, freqs_complex, step.start_pos)": "step.xq_rotated = rotate(step.xq, freqs_complex, 0)",
        "step.xk_rotated = rotate(step.xk, freqs_complex, step.start_pos)": "step.xk_rotated = rotate(step.xk, freqs_complex, 0)",
    }),
]

# rope-half-split is not among them: with a rope width of 2 there is one pair, and both layouts are the same.
CHAPTER_7 = [
    Mistake(7, "other-seed", "x", {"torch.manual_seed(156)": "torch.manual_seed(123)"}, until="query-parts"),
    Mistake(7, "mla-rope-part-first", "q_nope", {
        "q_nope, q_pe = q.split([nope, rope], dim=-1)": "q_pe, q_nope = q.split([rope, nope], dim=-1)",
    }, until="naive-attend", without=("direct",)),
    Mistake(7, "mla-norm-missing", "kv_normed", {
        "kv_normed = norm(kv_latent)": "kv_normed = kv_latent",
    }, until="absorbed-scores", without=("direct",)),
    Mistake(7, "mla-value-rows-first", "w_uk", {
        "w_uk, w_uv = wkv_b.weight.view(n_heads, nope + v_width, c).split([nope, v_width], dim=1)":
            "w_uv, w_uk = wkv_b.weight.view(n_heads, nope + v_width, c).split([v_width, nope], dim=1)",
    }, until="absorbed-output", without=("direct",)),
    Mistake(7, "mla-value-rows-first", "k_nope", {
        "k_nope, v = in_heads(wkv_b(kv_normed)).split([nope, v_width], dim=-1)":
            "v, k_nope = in_heads(wkv_b(kv_normed)).split([v_width, nope], dim=-1)",
    }, until="naive-attend", without=("direct",), variant="naive"),
    Mistake(7, "mla-k-pe-not-rotated", "k_pe_rotated", {
        "k_pe_rotated = rotate(k_pe, start_pos=0)": "k_pe_rotated = k_pe",
    }, until="absorbed-scores", without=("direct",)),
    Mistake(7, "mla-cache-before-norm", "scores_nope", {
        "latents, positions = keep(kv_cache, kv_normed, start_pos=0), keep(pe_cache, k_pe_rotated, start_pos=0)":
            "latents, positions = keep(kv_cache, kv_latent, start_pos=0), keep(pe_cache, k_pe_rotated, start_pos=0)",
    }, until="kept", without=("direct",)),
    Mistake(7, "mla-scale-absorbed-width", "attn_weights", {
        "attn_weights = torch.softmax(hide_future(attn_scores, start_pos=0) * (nope + rope) ** -0.5, dim=-1)":
            "attn_weights = torch.softmax(hide_future(attn_scores, start_pos=0) * (c + rope) ** -0.5, dim=-1)",
        "step.attn_weights = torch.softmax(hide_future(step.attn_scores, step.start_pos) * (nope + rope) ** -0.5, dim=-1)":
            "step.attn_weights = torch.softmax(hide_future(step.attn_scores, step.start_pos) * (c + rope) ** -0.5, dim=-1)",
    }, until="step", without=("direct",)),
]

# qk-norm-before-rope is not among them: without weights, its first print that differs is xq_rotated, and all later ones agree.
CHAPTER_8 = [
    Mistake(8, "nope-counted-from-0", "attn_scores", {
        "self.use_rope = (layer + 1) % nope_layer_interval != 0": "self.use_rope = layer % nope_layer_interval != 0",
    }, until="residual", without=("positions",)),
    Mistake(8, "qk-norm-missing", "attn_scores", {
        "q = made.xq_normed = rms_norm(q)": "made.xq_normed = rms_norm(q)",
        "k = made.xk_normed = rms_norm(k)": "made.xk_normed = rms_norm(k)",
    }, until="residual"),
    Mistake(8, "qk-norm-over-all-heads", "xq_normed", {
        "q = made.xq_normed = rms_norm(q)": "q = made.xq_normed = rms_norm(q.flatten(2)).view_as(q)",
        "k = made.xk_normed = rms_norm(k)": "k = made.xk_normed = rms_norm(k.flatten(2)).view_as(k)",
    }, until="residual"),
    Mistake(8, "temperature-on-rope-layers", "attn_scores", {
        "k = made.xk_normed = rms_norm(k)": "k = made.xk_normed = rms_norm(k)\n        q = q * temperature(start_pos, x.shape[1])[:, None, None]",
    }, until="residual"),
    Mistake(8, "temperature-without-floor", "nope.temperature", {
        "return torch.log(torch.floor((position + 1) / floor_scale) + 1) * attn_scale + 1":
            "return torch.log((position + 1) / floor_scale + 1) * attn_scale + 1",
    }, without=("images",)),
    Mistake(8, "temperature-floor-of-position", "nope.temperature", {
        "return torch.log(torch.floor((position + 1) / floor_scale) + 1) * attn_scale + 1":
            "return torch.log(torch.floor(position / floor_scale) + 1) * attn_scale + 1",
    }, without=("images",)),
    Mistake(8, "temperature-without-start-pos", "step.logits", {
        "made.temperature = temperature(start_pos, x.shape[1])": "made.temperature = temperature(0, x.shape[1])",
    }, without=("no-chunk", "images")),
    Mistake(8, "chunk-off-by-one", "masked", {
        "return later if chunk is None else later | (i // chunk != j // chunk)":
            "return later if chunk is None else later | ((i + 1) // chunk != (j + 1) // chunk)",
    }, until="residual"),
    Mistake(8, "chunk-as-window", "masked", {
        "return later if chunk is None else later | (i // chunk != j // chunk)": "return later if chunk is None else later | (j <= i - chunk)",
    }, until="residual"),
    Mistake(8, "chunk-on-nope-layers", "nope.attn_weights", {
        "chunk = attention_chunk_size if layer.use_rope and has_chunks else None": "chunk = attention_chunk_size if has_chunks else None",
    }, without=("images",)),
    Mistake(8, "chunk-ignored-in-decode", "step.logits", {
        "step = run_step(has_chunks=True)": "step = run_step(has_chunks=False)",
    }, without=("no-chunk", "images")),
    Mistake(8, "gate-and-up-swapped", "ffn_gate", {
        "made.ffn_gate, made.ffn_up = F.silu(network.w1(rows)), network.w3(rows)":
            "made.ffn_gate, made.ffn_up = F.silu(network.w3(rows)), network.w1(rows)",
        "return self.w2(F.silu(self.w1(x)) * self.w3(x))": "return self.w2(F.silu(self.w3(x)) * self.w1(x))",
    }, until="dense"),
    Mistake(8, "router-softmax", "moe.router_scores", {
        "scores.scatter_(1, chosen, torch.sigmoid(made.router_logits.gather(1, chosen)))":
            "scores.scatter_(1, chosen, torch.softmax(made.router_logits, dim=-1).gather(1, chosen))",
    }, until="moe"),
    Mistake(8, "expert-output-scaled", "moe.experts", {
        "made.experts = sum(expert(x * scores[:, e:e + 1]) for e, expert in enumerate(moe.experts))":
            "made.experts = sum(expert(x) * scores[:, e:e + 1] for e, expert in enumerate(moe.experts))",
    }, until="moe"),
    Mistake(8, "residual-after-norm", "h", {
        "made.h = x + made.attention": "made.h = attention_norm + made.attention",
        "made.output = made.h + made.feed_forward": "made.output = made.ffn_norm + made.feed_forward",
    }, until="dense"),
]

CHAPTER_9 = [
    Mistake(9, "heads-read-as-blocks", "by_heads.q", {
        "by_heads.q = by_heads.columns.view(1, T, n_heads, 3 * head_dim)[..., :head_dim]": "by_heads.q = in_heads(by_heads.columns[..., :width])",
    }, until="layouts"),
    Mistake(9, "qk-norm-over-all-heads", "normed.q_normed", {
        "normed = attend(x, norm=norm_heads, freqs=freqs)":
            "normed = attend(x, norm=norm_whole_width, norm_weights=(q_norm.repeat(n_heads), k_norm.repeat(n_heads)), freqs=freqs)",
    }, until="qk-norm"),
    Mistake(9, "one-plus-weight-missing", "plus_one.q_normed", {
        "return rms_norm(x) * (1 + weight)": "return rms_norm(x) * weight",
    }, until="other-norms"),
    Mistake(9, "qk-norm-after-rope", "normed.q_normed", {
        "if norm:": "if freqs is not None:",
        "q, k = norm(q, norm_weights[0]), norm(k, norm_weights[1])":
            "q, k = rotate(q, start_pos, freqs, attention_factor), rotate(k, start_pos, freqs, attention_factor)",
        "made.q_normed = q": "made.q_rotated = q",
        "if freqs is not None:": "if norm:",
        "q, k = rotate(q, start_pos, freqs, attention_factor), rotate(k, start_pos, freqs, attention_factor)":
            "q, k = norm(q, norm_weights[0]), norm(k, norm_weights[1])",
        "made.q_rotated = q": "made.q_normed = q",
    }, until="qk-norm"),
    Mistake(9, "soft-cap-after-mask", "soft.capped", {
        "if cap:": "",
        "scores = made.capped = soft_cap(scores, cap)": "",
        "if padding is not None:": "if cap:",
        "scores = scores.masked_fill(padding, -torch.inf)": "scores = made.capped = soft_cap(scores, cap)",
    }, until="soft-cap"),
    Mistake(9, "soft-cap-not-scaled-back", "soft.capped", {
        "return c * torch.tanh(scores / c)": "return torch.tanh(scores / c)",
    }, until="soft-cap"),
    Mistake(9, "sinks-after-softmax", "sinks.attn_weights", {
        "return torch.cat([scores, sinks], dim=-1).softmax(dim=-1)[..., :-1]": "return scores.softmax(dim=-1) / (1 + sinks.exp())",
    }, until="sinks"),
    Mistake(9, "window-too-wide", "window.attn_weights", {
        "return later if window is None else later | (j <= i - window)": "return later if window is None else later | (j < i - window)",
    }, until="window"),
    Mistake(9, "padding-inverted", "both_ways.attn_weights", {
        "both_ways = attend(x, causal=False, padding=attention_mask == 0)": "both_ways = attend(x, causal=False, padding=attention_mask == 1)",
    }, until="both-ways"),
    Mistake(9, "partial-rotates-the-last", "partial.q_rotated", {
        "rotated, rest = x[..., :rotary_dim], x[..., rotary_dim:]": "rest, rotated = x[..., :-rotary_dim], x[..., -rotary_dim:]",
        "return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], dim=-1)": "return torch.cat([rest, a * cos - b * sin, b * cos + a * sin], dim=-1)",
    }, until="partial"),
    Mistake(9, "alibi-sign", "alibi.biased", {
        "return scores + slopes[:, None, None] * (j - i)": "return scores + slopes[:, None, None] * (i - j)",
    }, until="alibi"),
    Mistake(9, "alibi-slopes-from-0", "slopes", {
        "slopes = torch.tensor([2 ** (-8 * (h + 1) / n_heads) for h in range(n_heads)])":
            "slopes = torch.tensor([2 ** (-8 * h / n_heads) for h in range(n_heads)])",
    }, until="alibi"),
    Mistake(9, "distance-bias-scaled", "distance.biased", {
        "distance = attend(x, bias=add_distance_bias, causal=False, scale=1.0)": "distance = attend(x, bias=add_distance_bias, causal=False)",
    }, until="distance"),
    Mistake(9, "attention-factor-missing", "stretched.attn_scores", {
        "stretched = attend(x, freqs=freqs / long_factor, attention_factor=attention_factor)": "stretched = attend(x, freqs=freqs / long_factor)",
    }, until="stretched"),
    Mistake(9, "gate-silu", "gated.output", {
        "combined = combined * torch.sigmoid(made.gate.flatten(2))": "combined = combined * nn.functional.silu(made.gate.flatten(2))",
    }),
    Mistake(9, "position-from-cache-rows", "step.attn_weights", {
        "step = attend(x_next, start_pos=6, cache=cache, freqs=freqs, window=3)": "step = attend(x_next, start_pos=3, cache=cache, freqs=freqs, window=3)",
    }),
]

CHAPTER_10 = [
    Mistake(10, "scale-missing", "scores", {
        "all_scores = queries @ keys.T / math.sqrt(d)": "all_scores = queries @ keys.T",
        "scores = queries[i] @ keys[j].T / math.sqrt(d)": "scores = queries[i] @ keys[j].T",
    }),
    Mistake(10, "l-not-corrected", "second.l", {
        "l = state.l * alpha + p.sum(dim=-1)": "l = state.l + p.sum(dim=-1)",
    }, until="finished"),
    Mistake(10, "acc-not-corrected", "second.acc", {
        "acc = state.acc * alpha[..., None] + p @ values": "acc = state.acc + p @ values",
    }, until="finished"),
    Mistake(10, "alpha-inverted", "first.l", {
        "alpha = torch.exp(state.m - m)": "alpha = torch.exp(m - state.m)",
    }, until="finished"),
    Mistake(10, "p-from-the-block-maximum", "third.p", {
        "p = torch.exp(scores - m[..., None])": "p = torch.exp(scores - scores.amax(dim=-1, keepdim=True))",
    }, until="finished"),
    Mistake(10, "m-starts-at-0", "first.m", {
        "return SimpleNamespace(m=torch.full(rows, -torch.inf), l=torch.zeros(rows), acc=torch.zeros(*rows, d))":
            "return SimpleNamespace(m=torch.zeros(rows), l=torch.zeros(rows), acc=torch.zeros(*rows, d))",
    }, until="finished"),
    Mistake(10, "divided-in-each-block", "first.acc", {
        "acc = state.acc * alpha[..., None] + p @ values": "acc = (state.acc * alpha[..., None] + p @ values) / l[..., None]",
    }, until="finished"),
    Mistake(10, "divided-by-the-last-block", "online_context", {
        "online_context = finish(third)": "online_context = third.acc / third.p.sum()",
    }, until="finished"),
    Mistake(10, "merged-by-the-mean", "merged_context", {
        "merged_context = finish(merged)": "merged_context = (finish(left) + finish(right)) / 2",
    }, until="contexts"),
    Mistake(10, "merged-without-correction", "merged.l", {
        "l = a.l * alpha_a + b.l * alpha_b": "l = a.l + b.l",
        "acc = a.acc * alpha_a + b.acc * alpha_b": "acc = a.acc + b.acc",
    }, until="contexts"),
    Mistake(10, "mask-by-tile", "diagonal.masked", {
        "masked = scores.masked_fill(j > i[:, None], -torch.inf)": "masked = scores",
    }),
    Mistake(10, "mask-key-without-offset", "corner.masked", {
        "masked = scores.masked_fill(j > i[:, None], -torch.inf)": "masked = scores.masked_fill(torch.arange(block) > i[:, None], -torch.inf)",
    }),
    Mistake(10, "values-of-the-first-tile", "corner.acc", {
        "state = see_block(state, masked, values[j])": "state = see_block(state, masked, values[:block])",
    }),
    Mistake(10, "states-not-reset", "below.m", {
        "tiles, context = {}, torch.empty(T, d)": "tiles, context, state = {}, torch.empty(T, d), no_keys_yet(block)",
        "state = no_keys_yet(block)": "",
    }),
]

MISTAKES = CHAPTER_1 + CHAPTER_2 + CHAPTER_3 + CHAPTER_4 + CHAPTER_5 + CHAPTER_6 + CHAPTER_7 + CHAPTER_8 + CHAPTER_9 + CHAPTER_10


# --- planting: the kept code cells, with other lines

def title(chapter):
    return [cell for cell in read_cells(source_of(chapter)) if cell.name == "about-title"][0].text.split("\n")[0]


def only_checks(cell):
    return "assert " in cell.text and not list(printed_names(cell.text))


def kept_cells(mistake):
    cells = [cell for cell in read_cells(source_of(mistake.chapter)) if cell.is_code and not only_checks(cell)]
    names = [cell.name for cell in cells]
    unknown = {mistake.until or names[-1], *mistake.without} - set(names)
    assert not unknown, f"{mistake.file}: chapter {mistake.chapter} has no cell {unknown}"
    end = names.index(mistake.until) + 1 if mistake.until else len(cells)
    return [cell for cell in cells[:end] if cell.name not in mistake.without]


def with_lines(text, lines):
    """Whole lines replaced, indented as they were, or left out; and which of `lines` there were. Checks are left out too."""
    result, used = [], set()
    for line in text.split("\n"):
        right = line.strip()
        if right in lines:
            used.add(right)
            line = line.replace(right, lines[right])
        if not right.startswith("assert ") and (line.strip() or not right):
            result.append(line)
    return "\n".join(result).strip("\n"), used


def planted_cells(mistake):
    cells, missing = [], set(mistake.lines)
    for cell in kept_cells(mistake):
        lines = mistake.lines if mistake.only_in in ("", cell.name) else {}
        text, used = with_lines(cell.text, lines)
        missing -= used
        cells.append(dataclasses.replace(cell, text=text))
    assert not missing, f"{mistake.file}: no line {missing}"
    return [Cell("title", False, title(mistake.chapter) + ", my copy"), *cells]


# --- checking: where the first wrong digit is, and that no two mistakes look alike

def references_by_cell(chapter):
    """For each cell of the companion notebook, the prints that belong there."""
    entries, by_cell = iter(reference_prints(chapter)), {}
    for cell in read_cells(source_of(chapter)):
        if cell.is_code:
            by_cell[cell.name] = [next(entries) for _ in printed_names(cell.text)]
    return by_cell


def first_wrong(mistake, prints):
    """The first print that differs, as the file of prints has it, and what is printed instead."""
    by_cell = references_by_cell(mistake.chapter)
    wanted = [entry for cell in kept_cells(mistake) for entry in by_cell[cell.name]]
    for print_, entry in zip(prints, wanted, strict=True):
        if print_.text != entry["text"]:
            return entry, print_.text
    raise AssertionError(f"{mistake.file} prints nothing wrong")


def planted(mistake):
    """The notebook, its entry in planted.json, and what it prints."""
    notebook = executed(planted_cells(mistake), mistake.hidden)
    prints = prints_of(notebook)
    entry, text = first_wrong(mistake, prints)
    assert entry["name"] == mistake.wrong, f"{mistake.file}: {entry['name']} is wrong before {mistake.wrong}"
    listed = {"file": mistake.file, "chapter": mistake.chapter, "cause": mistake.cause, "tensor": entry["name"], "cell": entry["cell"]}
    return notebook, listed, text


def check_distinct(entries, texts):
    """The first wrong print tells the causes of a chapter apart."""
    seen = {}
    for entry, text in zip(entries, texts):
        place = entry["chapter"], entry["tensor"], entry["cell"], text
        other = seen.setdefault(place, entry)
        assert other["cause"] == entry["cause"], f"{entry['file']} and {other['file']} print the same {entry['tensor']}"


# --- the same as plain text

def text_of(output):
    return output.get("text") or f"Out[{output.execution_count}]: {output['data']['text/plain']}\n"


def with_prompts(notebook):
    """As a notebook is saved as text: In [1]: before each cell, what it printed behind."""
    parts = []
    for cell in notebook.cells:
        is_code = cell.cell_type == "code"
        parts.append(f"In [{cell.execution_count}]:\n{cell.source}\n" if is_code else f"{cell.source}\n")
        parts += [text_of(output) for output in cell.get("outputs", [])]
    return "\n".join(parts)


def output_only(notebook):
    """As a script prints it: no code, no names."""
    return "".join(output["text"] for cell in notebook.cells for output in cell.get("outputs", []))


SCRIPT = "05_repeat_instead_of_repeat_interleave.ipynb"


def write_plain_text(folder, entries):
    """A correct notebook with prompts, and the output of one of these as a script would print it."""
    correct = nbformat.read(HERE / "notebooks" / f"{source_of(4).stem}.ipynb", as_version=4)
    write(folder / "plain_text_in_out.txt", with_prompts(correct))
    write(folder / "plain_text_script_output.txt", output_only(nbformat.read(folder / SCRIPT, as_version=4)))
    return [{**entry, "file": "plain_text_script_output.txt"} for entry in entries if entry["file"] == SCRIPT]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORD", help="only notebooks with this in their name; planted.json and the text files stay as they are")
    parser.add_argument("--out", type=pathlib.Path, default=PLANTED, help="folder to write to (default: ../tests/planted)")
    options = parser.parse_args()

    one_thread()
    entries, texts = [], []
    for mistake in MISTAKES:
        if options.only and options.only not in mistake.file:
            continue
        notebook, listed, text = planted(mistake)
        entries.append(listed)
        texts.append(text)
        write_notebook(options.out / mistake.file, notebook)
    check_distinct(entries, texts)
    if options.only:
        return
    entries += write_plain_text(options.out, entries)
    write(options.out / "planted.json", "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")
    print(f"{len(MISTAKES)} notebooks, {len({entry['cause'] for entry in entries})} causes")


if __name__ == "__main__":
    main()
