"""Chapter 5: causal attention of a whole prompt to itself."""

from types import SimpleNamespace

import torch

from shared import reference, work
from gpu.contender import Ready, rung
from gpu.decode_case import attention_peers
from gpu.kernels import PrefillShape


class PrefillCase:
    kind = "prefill"

    def __init__(self, batch, heads, kv_heads, tokens, head_dim):
        self.batch, self.heads, self.kv_heads, self.tokens, self.head_dim = batch, heads, kv_heads, tokens, head_dim
        self.scale = head_dim ** -0.5
        self.shape = PrefillShape(batch, heads, kv_heads, head_dim, head_dim, tokens, 0, 0, self.scale)
        self.name = f"Causal prefill, batch {batch}, {heads}/{kv_heads} heads of {head_dim}, {tokens} tokens"

    def work(self, element_bytes):
        return work.prefill(self.batch, self.heads, self.kv_heads, self.tokens, self.head_dim, self.head_dim, element_bytes)

    def draw(self, random, dtype):
        sizes = {"queries": self.heads, "keys": self.kv_heads, "values": self.kv_heads}
        inputs = SimpleNamespace(**{name: random(dtype, self.batch, self.tokens, heads, self.head_dim)
                                    for name, heads in sizes.items()})
        inputs.by_head = [getattr(inputs, name).transpose(1, 2).contiguous() for name in sizes]
        return inputs

    def reference(self, inputs):
        return (reference.prefill(inputs.queries, inputs.keys, inputs.values, self.scale),)

    def contenders(self, kernels, emulated):
        def arguments(inputs):
            return *inputs.by_head, self.scale, True
        return [rung("5 flash prefill, bf16", torch.bfloat16, lambda inputs: self.flash_prefill(kernels, inputs)),
                *attention_peers(arguments, lambda _, context: (context.transpose(1, 2),), emulated)]

    def flash_prefill(self, kernels, inputs):
        context = kernels.poisoned(*inputs.queries.shape, dtype=torch.bfloat16)
        return Ready(lambda: kernels.call("prefill", self.shape, inputs.queries, inputs.keys, inputs.values, context),
                     lambda: (context,))
