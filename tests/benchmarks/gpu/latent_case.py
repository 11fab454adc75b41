"""Chapter 7: one new token for each sequence, absorbed latent attention."""

from types import SimpleNamespace

import torch

from gpu import peers
from shared import reference, work
from gpu.contender import Ready, peer, rung
from gpu.kernels import LatentShape

QK_HEAD_DIM = 128 + 64  # DeepSeek's, before absorbing: the scale is still that of its keys


class LatentCase:
    kind = "latent"

    def __init__(self, batch, heads, tokens, latent=512, rope=64):
        self.batch, self.heads, self.tokens, self.latent, self.rope = batch, heads, tokens, latent, rope
        self.scale = QK_HEAD_DIM ** -0.5
        self.shape = LatentShape(batch, heads, latent, rope, tokens, tokens, self.scale)
        self.name = f"MLA decode, absorbed, batch {batch}, {heads} heads on latents of {latent} + {rope}, {tokens} tokens"

    def work(self, element_bytes):
        return work.latent_decode(self.batch, self.heads, self.tokens, self.latent, self.rope, element_bytes)

    def draw(self, random, dtype):
        width = self.latent + self.rope
        return SimpleNamespace(queries=random(dtype, self.batch, self.heads, width), cache=random(dtype, self.batch, self.tokens, width))

    def reference(self, inputs):
        return (reference.latent_decode(inputs.queries, inputs.cache, self.scale, self.latent),)

    def contenders(self, kernels, emulated):
        def arguments(inputs):
            return inputs.queries, inputs.cache, self.scale, self.latent

        def results(_, context):
            return (context,)
        in_peers = [("bmm, softmax, bmm, eager", lambda: peers.bmm_softmax_bmm),
                    ("bmm, softmax, bmm, compiled (max-autotune)", lambda: peers.compiled(peers.bmm_softmax_bmm, "max-autotune-no-cudagraphs")),
                    ("SDPA, flash", lambda: peers.as_attention(peers.sdpa("FLASH_ATTENTION"))),
                    ("SDPA, cuDNN", lambda: peers.as_attention(peers.sdpa("CUDNN_ATTENTION"))),
                    ("flex_attention, compiled", lambda: peers.as_attention(peers.flex()))]
        return [rung("1 three products, fp32", torch.float32, lambda inputs: self.three_products(kernels, "", inputs)),
                rung("1 three products, bf16", torch.bfloat16, lambda inputs: self.three_products(kernels, "_bf16", inputs)),
                rung("2 fused, bf16", torch.bfloat16, lambda inputs: self.fused(kernels, inputs)),
                *[peer(who, make, arguments, results) for who, make in in_peers]]

    def three_products(self, kernels, suffix, inputs):
        scores = kernels.poisoned(self.batch, self.heads, self.tokens)
        weights = kernels.poisoned(self.batch, self.heads, self.tokens, dtype=inputs.cache.dtype)
        context = kernels.poisoned(self.batch, self.heads, self.latent)
        return Ready(lambda: kernels.call("latent_three_products" + suffix, self.shape, inputs.queries, inputs.cache, scores, weights, context),
                     lambda: (context,))

    def fused(self, kernels, inputs):
        splits = kernels.splits("latent_splits", self.shape)
        partial_context = kernels.poisoned(self.batch, self.heads, splits.count, self.latent)
        partial_lse = kernels.poisoned(self.batch, self.heads, splits.count)
        context = kernels.poisoned(self.batch, self.heads, self.latent)
        return Ready(lambda: kernels.call("latent_fused", self.shape, splits, inputs.queries, inputs.cache, partial_context, partial_lse, context),
                     lambda: (context,))
