"""Chapter 5: one new token for each sequence, grouped-query attention over a cache."""

from types import SimpleNamespace

import torch

from gpu import peers
from shared import reference, work
from gpu.contender import Ready, peer, rung
from gpu.kernels import DecodeShape


class DecodeCase:
    kind = "decode"

    def __init__(self, batch, heads, kv_heads, tokens, head_dim):
        self.batch, self.heads, self.kv_heads, self.tokens, self.head_dim = batch, heads, kv_heads, tokens, head_dim
        self.scale = head_dim ** -0.5
        self.shape = DecodeShape(batch, heads, kv_heads, head_dim, tokens, tokens, 0, self.scale)
        self.name = f"GQA decode, batch {batch}, {heads}/{kv_heads} heads of {head_dim}, {tokens} tokens"

    def work(self, element_bytes):
        return work.decode(self.batch, self.heads, self.kv_heads, self.tokens, self.head_dim, element_bytes)

    def draw(self, random, dtype):
        """Ours reads (B, S, Hkv, d), PyTorch's kernels like (B, Hkv, S, d): each has its own copy."""
        inputs = SimpleNamespace(queries=random(dtype, self.batch, self.heads, self.head_dim),
                                 keys=random(dtype, self.batch, self.tokens, self.kv_heads, self.head_dim),
                                 values=random(dtype, self.batch, self.tokens, self.kv_heads, self.head_dim))
        if dtype == torch.bfloat16:
            inputs.keys_by_head, inputs.values_by_head = [x.transpose(1, 2).contiguous() for x in (inputs.keys, inputs.values)]
        return inputs

    def reference(self, inputs):
        return (reference.decode(inputs.queries, inputs.keys, inputs.values, self.scale),)

    def contenders(self, kernels, emulated):
        rungs = [rung("1 naive, fp32", torch.float32, lambda inputs: self.naive(kernels, inputs)),
                 rung("2 online softmax, fp32", torch.float32, lambda inputs: self.online_softmax(kernels, inputs)),
                 rung("3 split KV, fp32", torch.float32, lambda inputs: self.with_splits(kernels, "split_kv", inputs)),
                 rung("4 tensor cores, bf16", torch.bfloat16, lambda inputs: self.with_splits(kernels, "tensor_cores", inputs))]
        return rungs + attention_peers(self.arguments, lambda _, context: (context[:, :, 0],), emulated)

    def arguments(self, inputs):
        return inputs.queries[:, :, None], inputs.keys_by_head, inputs.values_by_head, self.scale, False

    def naive(self, kernels, inputs):
        scores = kernels.poisoned(self.batch, self.heads, self.tokens)
        context = kernels.poisoned(*inputs.queries.shape)
        return Ready(lambda: kernels.call("decode_naive", self.shape, *three(inputs), scores, context), lambda: (context,))

    def online_softmax(self, kernels, inputs):
        context = kernels.poisoned(*inputs.queries.shape)
        return Ready(lambda: kernels.call("decode_online_softmax", self.shape, *three(inputs), context), lambda: (context,))

    def with_splits(self, kernels, name, inputs):
        splits = kernels.splits(name + "_splits", self.shape)
        partial_context = kernels.poisoned(self.batch, self.heads, splits.count, self.head_dim)
        partial_lse = kernels.poisoned(self.batch, self.heads, splits.count)
        context = kernels.poisoned(*inputs.queries.shape)
        return Ready(lambda: kernels.call("decode_" + name, self.shape, splits, *three(inputs), partial_context, partial_lse, context),
                     lambda: (context,))


def three(inputs):
    return inputs.queries, inputs.keys, inputs.values


def attention_peers(arguments, results, emulated):
    """What PyTorch has for attention, decoding or not."""
    found = [peer("SDPA, flash", lambda: peers.sdpa("FLASH_ATTENTION"), arguments, results),
             peer("SDPA, cuDNN", lambda: peers.sdpa("CUDNN_ATTENTION"), arguments, results),
             peer("flex_attention, compiled", peers.flex, arguments, results)]
    if emulated:
        found.append(peer("SDPA on the CPU", lambda: peers.sdpa_repeated, arguments, results))
    return found
