"""PyTorch's own ways to the same results. Each takes tensors in the layout that suits it best, contiguous."""

import warnings

import torch
import torch.nn.functional as F

from shared.problem import Unsupported, one_line

TORCH = tuple(int(part) for part in torch.__version__.split(".")[:2])


def compiled(function, mode=None):
    """Graphs are replayed by us, for all alike: so never one of the modes that record their own."""
    return torch.compile(function, dynamic=False, mode=mode)


# --- attention: queries (B, Hq, T, dk), keys (B, Hkv, S, dk), values (B, Hkv, S, dv)

def sdpa(backend):
    """scaled_dot_product_attention by one backend and no other."""
    if TORCH < (2, 5):
        raise Unsupported(f"enable_gqa came with PyTorch 2.5, this is {torch.__version__}")
    from torch.nn.attention import SDPBackend, sdpa_kernel

    def run(queries, keys, values, scale, causal):
        with warnings.catch_warnings(record=True) as reasons, sdpa_kernel(getattr(SDPBackend, backend)):
            warnings.simplefilter("always")
            try:
                return F.scaled_dot_product_attention(queries, keys, values, is_causal=causal, scale=scale, enable_gqa=True)
            except RuntimeError as error:
                raise refusal(error, reasons) from None
    return run


def refusal(error, reasons):
    """A backend that refuses says why in warnings, among others about backends that were not asked."""
    if "No available kernel" not in str(error):
        return error
    said = [str(reason.message) for reason in reasons
            if not any(words in str(reason.message) for words in ("not used because", "runtime disabled"))]
    return Unsupported(said[0].split(" (Triggered")[0] if said else one_line(error))


def sdpa_repeated(queries, keys, values, scale, causal):
    """On the CPU, where any PyTorch does it: keys and values repeated for the heads that share them."""
    group = queries.shape[1] // keys.shape[1]
    return F.scaled_dot_product_attention(queries, keys.repeat_interleave(group, 1), values.repeat_interleave(group, 1),
                                          is_causal=causal, scale=scale)


def flex():
    """flex_attention, compiled; causal by a block mask, which is made once for a size and not timed."""
    if TORCH < (2, 5):
        raise Unsupported(f"flex_attention came with PyTorch 2.5, this is {torch.__version__}")
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    attend, masks = compiled(flex_attention), {}

    def run(queries, keys, values, scale, causal):
        mask = None
        if causal:
            size = queries.shape[2]
            if size not in masks:
                masks[size] = create_block_mask(lambda b, h, q, k: q >= k, None, None, size, size, device=str(queries.device))
            mask = masks[size]
        return attend(queries, keys, values, block_mask=mask, scale=scale, enable_gqa=True)
    return run


# --- absorbed latent attention: queries (B, H, latent + rope), cache (B, S, latent + rope)

def bmm_softmax_bmm(queries, cache, scale, latent):
    # A bmm that scales on the way; with beta=0 what it would add is not read.
    scores = torch.baddbmm(queries.new_empty(1, 1, 1), queries, cache.transpose(1, 2), beta=0, alpha=scale)
    return torch.bmm(torch.softmax(scores, dim=-1), cache[:, :, :latent])


def as_attention(attention):
    """The same as attention with one key head of 576 and values of 512: most kernels are not made for that."""
    def run(queries, cache, scale, latent):
        context = attention(queries[:, :, None], cache[:, None], cache[:, None, :, :latent], scale, False)
        return context[:, :, 0]
    return run


# --- rotation and append: xq (B, T, Hq, d), xk and xv (B, T, Hkv, d), table (T, d / 2, 2), caches (B, P, Hkv, d)

def rotate_complex(x, table):
    """As Llama's code does it."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    turns = torch.view_as_complex(table)[:, None]
    return torch.view_as_real(pairs * turns).flatten(-2).type_as(x)


def rotate_real(x, table):
    """The same without complex numbers, which PyTorch's compiler leaves alone."""
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = table[:, None].unbind(-1)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).type_as(x)


def append(rotate):
    def run(xq, xk, xv, table, cache_k, cache_v, start_pos):
        last = start_pos + xk.shape[1]
        cache_k[:, start_pos:last] = rotate(xk, table)
        cache_v[:, start_pos:last] = xv
        return rotate(xq, table)
    return run
