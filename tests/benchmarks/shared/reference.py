"""The same computations in float64, from the inputs as the kernels get them. In pieces, so that large sizes fit."""

import torch

QUERIES_AT_ONCE = 1024


def relative_error(results, references):
    """Norm of the difference over norm, the worst of several tensors. NaN anywhere is infinitely wrong."""
    return max(relative_error_of(*pair) for pair in zip(results, references, strict=True))


def relative_error_of(result, reference):
    assert result.shape == reference.shape, f"{tuple(result.shape)} where {tuple(reference.shape)} was expected"
    squared_error = squared_size = 0.0
    for part, exact in zip(result, reference):
        squared_error += (part.double() - exact.double()).square().sum().item()
        squared_size += exact.double().square().sum().item()
    error = (squared_error / squared_size) ** 0.5
    return float("inf") if error != error else error


def attend(queries, keys, values, scale, first_query=None):
    """queries (n, d), keys (S, d), values (S, dv) in float64; causal where the first query's position is given."""
    scores = queries @ keys.T * scale
    if first_query is not None:
        position = torch.arange(len(queries), device=queries.device)[:, None] + first_query
        scores.masked_fill_(torch.arange(len(keys), device=keys.device)[None, :] > position, float("-inf"))
    return torch.softmax(scores, dim=-1) @ values


def decode(queries, keys, values, scale):
    """queries (B, Hq, dk), keys (B, S, Hkv, dk), values (B, S, Hkv, dv); gives (B, Hq, dv)."""
    context = torch.empty(*queries.shape[:2], values.shape[3], dtype=torch.float64, device=queries.device)
    group = queries.shape[1] // keys.shape[2]
    for b in range(len(queries)):
        for head in range(keys.shape[2]):
            mine = slice(head * group, (head + 1) * group)
            context[b, mine] = attend(queries[b, mine].double(), keys[b, :, head].double(), values[b, :, head].double(), scale)
    return context


def prefill(queries, keys, values, scale):
    """queries (B, S, Hq, dk), keys (B, S, Hkv, dk), values (B, S, Hkv, dv); gives (B, S, Hq, dv)."""
    batch, tokens, heads, _ = queries.shape
    context = torch.empty(batch, tokens, heads, values.shape[3], dtype=torch.float64, device=queries.device)
    group = heads // keys.shape[2]
    for b in range(batch):
        for head in range(heads):
            k, v = keys[b, :, head // group].double(), values[b, :, head // group].double()
            for first in range(0, tokens, QUERIES_AT_ONCE):
                last = min(first + QUERIES_AT_ONCE, tokens)
                context[b, first:last, head] = attend(queries[b, first:last, head].double(), k[:last], v[:last], scale, first)
    return context


def latent_decode(queries, cache, scale, latent):
    """queries (B, H, latent + rope), cache (B, S, latent + rope); gives (B, H, latent)."""
    return torch.stack([attend(q, rows, rows[:, :latent], scale)
                        for q, rows in ((queries[b].double(), cache[b].double()) for b in range(len(queries)))])


def rotate(x, table):
    """x (B, T, H, d), table (T, d / 2, 2) of (cos, sin): neighbours are turned as pairs."""
    pairs, (cos, sin) = x.double().unflatten(-1, (-1, 2)), table.double()[:, None].unbind(-1)
    a, b = pairs.unbind(-1)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)
