"""Chapter 6: new queries and keys turned, keys and values appended to the cache."""

from types import SimpleNamespace

import torch

from gpu import peers
from shared import reference, work
from gpu.contender import Ready, peer, rung
from gpu.kernels import RopeShape

EARLIER, SPARE, THETA = 64, 64, 500000.0  # tokens in the cache before and behind the new ones; Llama 3's theta


class RopeCase:
    kind = "rope"

    def __init__(self, batch, heads, kv_heads, new_tokens, head_dim):
        self.batch, self.heads, self.kv_heads, self.new_tokens, self.head_dim = batch, heads, kv_heads, new_tokens, head_dim
        self.cached = EARLIER + new_tokens + SPARE
        self.shape = RopeShape(batch, heads, kv_heads, head_dim, new_tokens, EARLIER, self.cached)
        self.name = f"RoPE and append, batch {batch}, {heads}/{kv_heads} heads of {head_dim}, {new_tokens} new tokens"

    def work(self, element_bytes):
        return work.rope_append(self.batch, self.heads, self.kv_heads, self.new_tokens, self.head_dim, element_bytes)

    def table(self, device):
        """(positions, head_dim / 2, 2): cos and sin."""
        turns = THETA ** (-torch.arange(0, self.head_dim, 2, device=device, dtype=torch.float64) / self.head_dim)
        angles = torch.outer(torch.arange(EARLIER + self.new_tokens, device=device, dtype=torch.float64), turns)
        return torch.stack((angles.cos(), angles.sin()), dim=-1).float()

    def draw(self, random, dtype):
        xq, xk, xv, cache_k, cache_v = [
            random(dtype, self.batch, tokens, heads, self.head_dim)
            for tokens, heads in ((self.new_tokens, self.heads), *[(self.new_tokens, self.kv_heads)] * 2, *[(self.cached, self.kv_heads)] * 2)]
        for cache in (cache_k, cache_v):
            cache[:, self.new] = float("nan")  # so that a token that nobody writes is seen
        return SimpleNamespace(xq=xq, xk=xk, xv=xv, cache_k=cache_k, cache_v=cache_v, table=self.table(xq.device))

    @property
    def new(self):
        return slice(EARLIER, EARLIER + self.new_tokens)

    def reference(self, inputs):
        """All of the caches: what stood before and behind the new tokens must still stand there."""
        table = inputs.table[self.new]
        cache_k, cache_v = inputs.cache_k.double(), inputs.cache_v.double()
        cache_k[:, self.new], cache_v[:, self.new] = reference.rotate(inputs.xk, table), inputs.xv.double()
        return reference.rotate(inputs.xq, table), cache_k, cache_v

    def contenders(self, kernels, emulated):
        # Each has caches of its own: it must not find there what another has written.
        def arguments(inputs):
            return inputs.xq, inputs.xk, inputs.xv, inputs.table[self.new], inputs.cache_k.clone(), inputs.cache_v.clone(), EARLIER

        def results(given, turned):
            return turned, given[4], given[5]
        return [rung("1 separate, fp32", torch.float32, lambda inputs: self.separate(kernels, inputs)),
                rung("2 fused, fp32", torch.float32, lambda inputs: self.fused(kernels, "rope_fused", inputs)),
                rung("3 fused, 16 bytes a thread, bf16", torch.bfloat16, lambda inputs: self.fused(kernels, "rope_fused_wide", inputs)),
                peer("PyTorch, eager, complex", lambda: peers.append(peers.rotate_complex), arguments, results),
                peer("PyTorch, eager", lambda: peers.append(peers.rotate_real), arguments, results),
                peer("PyTorch, compiled", lambda: peers.compiled(peers.append(peers.rotate_real)), arguments, results)]

    def separate(self, kernels, inputs):
        """In place: called again it turns what is turned already, which takes as long."""
        xq, xk, cache_k, cache_v = [x.clone() for x in (inputs.xq, inputs.xk, inputs.cache_k, inputs.cache_v)]
        return Ready(lambda: kernels.call("rope_separate", self.shape, inputs.table, xq, xk, inputs.xv, cache_k, cache_v),
                     lambda: (xq, cache_k, cache_v))

    def fused(self, kernels, name, inputs):
        cache_k, cache_v = inputs.cache_k.clone(), inputs.cache_v.clone()
        turned = kernels.poisoned(*inputs.xq.shape, dtype=inputs.xq.dtype)
        return Ready(lambda: kernels.call(name, self.shape, inputs.table, inputs.xq, inputs.xk, inputs.xv, turned, cache_k, cache_v),
                     lambda: (turned, cache_k, cache_v))
