"""The cases: for each its inputs, its float64 result, who computes it, and the goals."""

import itertools

import torch

from cpu import peers
from cpu.goals import share, times_faster, times_slower
from cpu.library import LayerShape, Shape
from shared import reference, work

FLOAT = 4  # bytes
ENGINE = "chapter 10's engine"
LESSON = "the lesson"
SGEMM = ["sgemm of the BLAS here", "sgemm of PyTorch"]
READ = "reading as many bytes"
NUMPY = "NumPy, grouped heads"


class Contender:
    """`make` gives what to time, and a function for its result. It may compile, or raise the reason why it cannot."""

    def __init__(self, who, kind, make):
        self.who, self.kind, self.make = who, kind, make


def ours(who, make):
    """`make` gives a function and the tensor that it writes."""
    def ready():
        run, output = make()
        return run, lambda: output
    return Contender(who, "ours", ready)


def peer(who, make_function, arguments, to_reference=lambda result: result, kind="peer"):
    """`arguments` makes its own copies of the inputs, in the layout that suits it."""
    def ready():
        function, given = make_function(), arguments()
        return lambda: function(*given), lambda: to_reference(function(*given))
    return Contender(who, kind, ready)


def heads_first(x):
    return x.transpose(1, 2).contiguous()


class Limit:
    """A limit of the machine, measured in turn with the contenders."""

    def __init__(self, who, make, amount):
        self.who, self.make, self.amount = who, make, amount


def sgemm_limits(library, n):
    def of_torch():
        a, b = torch.randn(n, n), torch.randn(n, n)
        product = torch.empty(n, n)
        return lambda: torch.mm(a, b, out=product)
    return [Limit(SGEMM[0], lambda: library.sgemm(n), 2.0 * n ** 3), Limit(SGEMM[1], of_torch, 2.0 * n ** 3)]


class GroupedCase:
    """Chapters 5 and 10: the last queries of some tokens, in grouped heads."""

    def __init__(self, heads, kv_heads, head_dim, queries, tokens, random):
        self.heads, self.kv_heads, self.head_dim, self.tokens = heads, kv_heads, head_dim, tokens
        self.scale = head_dim ** -0.5
        self.queries = random(1, queries, heads, head_dim)
        self.keys, self.values = [random(1, tokens, kv_heads, head_dim) for _ in range(2)]
        self.shape = Shape(1, queries, tokens, heads, kv_heads, head_dim, head_dim, 0, self.scale)

    def in_heads(self):
        return heads_first(self.queries), heads_first(self.keys), heads_first(self.values), self.scale

    def repeated(self):
        queries, keys, values, scale = self.in_heads()
        n_rep = self.heads // self.kv_heads
        return queries, peers.repeat_kv(keys, n_rep), peers.repeat_kv(values, n_rep), scale

    def our(self, library, who, rung):
        return ours(who, lambda: library.attention(rung, self.shape, self.queries, self.keys, self.values))

    def peer(self, who, function, arguments=None):
        return peer(who, lambda: function, arguments or self.in_heads, lambda context: context.transpose(1, 2))

    def numpy(self):
        return peer(NUMPY, lambda: peers.numpy_grouped, self.in_heads, lambda context: context.transpose(1, 2), kind="NumPy")

    def flex(self):
        return peer("flex_attention, compiled", peers.flex, self.in_heads, lambda context: context.transpose(1, 2))


class PrefillCase(GroupedCase):
    kind = "prefill"

    def __init__(self, heads, kv_heads, head_dim, tokens, random, sgemm):
        super().__init__(heads, kv_heads, head_dim, tokens, tokens, random)
        self.name, self.sgemm = f"prefill {tokens}", sgemm
        self.text = f"Causal attention of {tokens} tokens, {heads}/{kv_heads} heads of {head_dim}."
        # A tensor (H, T, T). The usual code has three at once: scores, masked scores, weights.
        self.scores_bytes = FLOAT * heads * tokens ** 2

    def reference(self):
        return reference.prefill(self.queries, self.keys, self.values, self.scale)

    def contenders(self, library):
        def if_it_fits(contender, tensors):
            """Tensors of (H, T, T) that it has at once."""
            contender.bytes = tensors * self.scores_bytes
            return contender
        return [self.our(library, ENGINE, "engine"),
                if_it_fits(self.our(library, LESSON, "prefill_lesson"), 5),
                if_it_fits(self.peer("eager: repeat_kv, matmul, softmax, matmul", peers.eager), 3),
                self.peer("scaled_dot_product_attention, keys repeated before", peers.sdpa, self.repeated),
                self.peer("scaled_dot_product_attention, enable_gqa", peers.grouped_sdpa),
                if_it_fits(self.peer("bmm of grouped heads", peers.grouped), 2),
                self.flex(),
                if_it_fits(self.numpy(), 2)]

    def limits(self, library):
        return sgemm_limits(library, self.sgemm)

    def goals(self):
        flop = work.prefill(1, self.heads, self.kv_heads, self.tokens, self.head_dim, self.head_dim, FLOAT).flops
        return [times_faster("times faster than scaled_dot_product_attention", 1.5, ENGINE,
                             "scaled_dot_product_attention, keys repeated before"),
                times_faster("times faster than eager", 8, ENGINE, "eager: repeat_kv, matmul, softmax, matmul"),
                share("share of the BLAS's sgemm", 0.75, ENGINE, flop, SGEMM[:1]),
                share("share of PyTorch's sgemm", None, ENGINE, flop, SGEMM[1:])]


class DecodeCase(GroupedCase):
    kind = "decode"

    def __init__(self, heads, kv_heads, head_dim, tokens, random):
        super().__init__(heads, kv_heads, head_dim, 1, tokens, random)
        self.name = f"decode {tokens}"
        self.text = f"One token attends to {tokens}, {heads}/{kv_heads} heads of {head_dim}."
        self.bytes = work.decode(1, heads, kv_heads, tokens, head_dim, FLOAT).bytes

    def reference(self):
        return reference.decode(self.queries[:, 0], self.keys, self.values, self.scale)[:, None]

    def contenders(self, library):
        return [self.our(library, ENGINE, "engine"),
                self.our(library, LESSON, "decode_lesson"),
                self.peer("eager: repeat_kv, matmul, softmax, matmul", peers.eager),
                self.peer("repeat_kv, scaled_dot_product_attention", peers.repeat_and_sdpa),
                self.peer("scaled_dot_product_attention, enable_gqa", peers.grouped_sdpa),
                self.peer("bmm of grouped heads", peers.grouped),
                self.flex(),
                self.numpy()]

    def limits(self, library):
        return [Limit(READ, lambda: library.read(int(self.bytes)), float(self.bytes))]

    def goals(self):
        return [times_faster("times faster than the fastest of PyTorch", 2.5, ENGINE),
                times_faster("times faster than NumPy", None, ENGINE, NUMPY),
                times_faster("times faster than eager", 40, ENGINE, "eager: repeat_kv, matmul, softmax, matmul"),
                share("share of the read bandwidth", 0.8, ENGINE, self.bytes, [READ])]


class LatentCase:
    """Chapters 7 and 10: one token, absorbed and naive. The two forms have inputs of their own."""

    kind = "latent"

    def __init__(self, heads, latent, rope, nope, v_width, tokens, random):
        self.name, self.latent = f"latent decode {tokens}", latent
        self.text = f"One token attends to {tokens}, {heads} heads; latents of {latent} + {rope}, or keys of {nope + rope} and values of {v_width}."
        self.scale = (nope + rope) ** -0.5
        # With a scale of 1, queries of the size of the latents would give weights of 0 and 1.
        self.queries, self.queries_pe = random(1, 1, heads, latent), random(1, 1, heads, rope)
        self.latents, self.latents_pe = random(1, tokens, latent), random(1, tokens, rope)
        self.naive_queries = random(1, 1, heads, nope + rope)
        self.keys, self.values = random(1, tokens, heads, nope + rope), random(1, tokens, heads, v_width)
        self.absorbed_shape = Shape(1, 1, tokens, heads, 1, latent, latent, rope, self.scale)
        self.naive_shape = Shape(1, 1, tokens, heads, heads, nope + rope, v_width, 0, self.scale)

    def reference(self):
        queries, cache = (torch.cat(pair, dim=-1) for pair in ((self.queries, self.queries_pe), (self.latents, self.latents_pe)))
        return reference.latent_decode(queries[:, 0], cache, self.scale, self.latent)[:, None]

    def naive_reference(self):
        return reference.decode(self.naive_queries[:, 0], self.keys, self.values, self.scale)[:, None]

    def contenders(self, library):
        absorbed = self.queries, self.queries_pe, self.latents, self.latents_pe
        naive = self.naive_queries, self.keys, self.values

        def in_one_cache():
            return (torch.cat((self.queries, self.queries_pe), dim=-1), torch.cat((self.latents, self.latents_pe), dim=-1),
                    self.scale, self.latent)
        found = [ours(ENGINE + ", absorbed", lambda: library.latent("engine", self.absorbed_shape, *absorbed)),
                 peer("einsums, absorbed", lambda: peers.absorbed_einsums, lambda: (*absorbed, self.scale)),
                 peer("bmm, absorbed, one cache", lambda: peers.absorbed_bmm, in_one_cache)]
        of_naive = [ours(ENGINE + ", naive", lambda: library.attention("engine", self.naive_shape, *naive)),
                    ours(LESSON + ", naive", lambda: library.attention("decode_lesson", self.naive_shape, *naive)),
                    peer("einsums, naive", lambda: peers.naive_einsums, lambda: (*naive, self.scale))]
        for contender in of_naive:
            contender.reference = self.naive_reference
        return found + of_naive

    def limits(self, library):
        return [Limit(READ, lambda: library.read(self.latents.nbytes + self.latents_pe.nbytes),
                      float(self.latents.nbytes + self.latents_pe.nbytes))]

    def goals(self):
        absorbed = ENGINE + ", absorbed"
        return [times_faster("times faster than PyTorch's einsums", 3, absorbed, "einsums, absorbed"),
                times_faster("times faster than the lesson's naive form", 4.5, absorbed, LESSON + ", naive"),
                times_faster("times faster than the engine's naive form", None, absorbed, ENGINE + ", naive"),
                times_faster("naive: times faster than PyTorch's einsums", None, ENGINE + ", naive", "einsums, naive")]


class LayerCase:
    """A whole layer of Llama 3: projections, rotation, cache, attention, projection."""

    kind = "layer"

    def __init__(self, dim, heads, kv_heads, head_dim, tokens, start, random):
        self.name = f"layer, prefill {tokens}" if start == 0 else f"layer, decode at {start}"
        self.text = f"A layer of dim {dim}, {heads}/{kv_heads} heads of {head_dim}: {tokens} token{'s' * (tokens > 1)} after {start}."
        self.head_dim, self.start, self.theta = head_dim, start, 500000.0
        self.shape = LayerShape(dim, heads, kv_heads, head_dim, start + tokens, self.theta)
        rows = [heads * head_dim, kv_heads * head_dim, kv_heads * head_dim]
        self.weights = [random(count, dim) * dim ** -0.5 for count in rows] + [random(dim, rows[0]) * rows[0] ** -0.5]
        self.caches = [random(1, start + tokens, kv_heads, head_dim) for _ in range(2)]
        self.x = random(1, tokens, dim)

    def reference(self):
        exact = peers.Layer([weight.double() for weight in self.weights], [cache.double() for cache in self.caches],
                            self.head_dim, self.theta, peers.eager)
        return exact(self.x.double(), self.start)

    def contenders(self, library):
        def layer_with(with_engine):
            layer = library.layer(self.shape, self.weights, self.caches)
            return library.run_layer(layer, with_engine, self.x, self.start)

        def in_torch(attend):
            return peers.Layer(self.weights, self.caches, self.head_dim, self.theta, attend)
        attentions = {"PyTorch, eager": peers.eager,
                      "PyTorch, scaled_dot_product_attention": peers.repeat_and_sdpa,
                      "PyTorch, scaled_dot_product_attention, enable_gqa": peers.grouped_sdpa,
                      "PyTorch, bmm of grouped heads": peers.grouped}
        return [ours("chapter 6 with chapter 10's engine", lambda: layer_with(True)),
                ours("chapter 6, the lesson", lambda: layer_with(False)),
                *[peer(who, lambda attend=attend: in_torch(attend), lambda: (self.x, self.start)) for who, attend in attentions.items()]]

    def limits(self, library):
        if self.start == 0:
            return sgemm_limits(library, min(2048, int(self.shape.dim)))
        size = sum(tensor.nbytes for tensor in itertools.chain(self.weights, self.caches))
        return [Limit(READ, lambda: library.read(size), float(size))]

    def goals(self):
        return [times_faster("times faster than PyTorch with its fastest attention", 1, "chapter 6 with chapter 10's engine"),
                times_slower("time of the lesson / PyTorch, eager", 1.5, "chapter 6, the lesson", "PyTorch, eager")]


def cases(quick, kinds, random):
    """One at a time, because each is large."""
    sizes = [("prefill", lambda: PrefillCase(8, 2, 64, 130, random, 256))] if quick else [
        ("prefill", lambda tokens=tokens: PrefillCase(32, 8, 128, tokens, random, 2048)) for tokens in (2048, 8192)]
    sizes += [("decode", lambda: DecodeCase(8, 2, 64, 700, random))] if quick else [
        ("decode", lambda tokens=tokens: DecodeCase(32, 8, 128, tokens, random)) for tokens in (4096, 32768)]
    sizes += [("latent", lambda: LatentCase(4, 96, 32, 48, 40, 600, random))] if quick else [
        ("latent", lambda tokens=tokens: LatentCase(16, 512, 64, 128, 128, tokens, random)) for tokens in (4096, 32768)]
    layers = [(256, 8, 2, 32, 33, 0), (256, 8, 2, 32, 1, 100)] if quick else [(4096, 32, 8, 128, 512, 0), (4096, 32, 8, 128, 1, 16384)]
    sizes += [("layer", lambda layer=layer: LayerCase(*layer, random)) for layer in layers]
    return [make for kind, make in sizes if kind in kinds]
