#!/usr/bin/env python3
"""Print what the notebook prints, computed by PyTorch: 34 prints in four chapters.

The masks of the two dropout prints come out as in the notebook with a PyTorch that draws
them with MKL (wheels before 2.7, x86-64). With --time the same work is timed instead.
"""

import argparse
import math
import time

import torch
from torch import nn

# your, journey, starts, with, one, step
WORDS = [[0.43, 0.15, 0.89], [0.55, 0.87, 0.66], [0.57, 0.85, 0.64], [0.22, 0.58, 0.33], [0.77, 0.25, 0.10], [0.05, 0.80, 0.55]]

# two heads, three words, four numbers each
HEADS = [[[[0.2745, 0.6584, 0.2775, 0.8573], [0.8993, 0.0390, 0.9268, 0.7388], [0.7179, 0.7058, 0.9156, 0.4340]],
          [[0.0772, 0.3565, 0.1479, 0.5331], [0.4066, 0.2318, 0.4545, 0.9737], [0.4606, 0.5159, 0.4220, 0.5786]]]]

# The notebook's multi-head class divides by the width of `key`, a global that its cell 10
# left behind, and not by the width of its own keys, which is 1.
LEFTOVER_KEY_WIDTH = 2


def weigh(scores, width):
    return torch.softmax(scores / math.sqrt(width), dim=-1)


def future(length):
    """True where a word would look at a later one."""
    return torch.ones(length, length).triu(1).bool()


def linears(seed, *, d_in=3, d_out=2):
    torch.manual_seed(seed)
    return [nn.Linear(d_in, d_out, bias=False) for _ in range(3)]


class CausalHead:
    """One head: its layers are drawn when it is made, in the order query, key, value."""

    def __init__(self):
        self.query, self.key, self.value = [nn.Linear(3, 2, bias=False) for _ in range(3)]

    def __call__(self, batch):
        scores = self.query(batch) @ self.key(batch).mT
        scores = scores.masked_fill(future(batch.shape[1]), -math.inf)
        return weigh(scores, 2) @ self.value(batch)


# --- each chapter gives the arguments of its print calls, in order

def chapter_1():
    """Attention without weights, cells 1 to 7."""
    inputs = torch.tensor(WORDS)
    attn_scores_2 = torch.stack([torch.dot(word, inputs[1]) for word in inputs])
    yield attn_scores_2,
    attn_weights_2 = torch.softmax(attn_scores_2, dim=0)
    yield "Attention weights:", attn_weights_2
    yield "Sum:", attn_weights_2.sum()

    context_vec_2 = torch.zeros(3)
    for weight, word in zip(attn_weights_2, inputs):
        context_vec_2 += weight * word
    yield context_vec_2,

    attn_scores = torch.stack([torch.stack([torch.dot(a, b) for b in inputs]) for a in inputs])
    yield attn_scores,
    attn_weights = torch.softmax(attn_scores, dim=-1)
    yield attn_weights,
    yield attn_weights @ inputs,


def chapter_2():
    """Attention with trained weights, cells 8 to 15."""
    inputs = torch.tensor(WORDS)
    torch.manual_seed(123)
    W_query, W_key, W_value = [torch.rand(3, 2) for _ in range(3)]
    query, key, value = inputs @ W_query, inputs @ W_key, inputs @ W_value
    yield query,
    attn_scores = query @ key.T
    yield attn_scores,
    attn_weights = weigh(attn_scores, key.shape[1])
    yield attn_weights,
    yield attn_weights @ value,

    # the same once more as a class with parameters, then with linear layers and another seed
    torch.manual_seed(123)
    query, key, value = [inputs @ torch.rand(3, 2) for _ in range(3)]
    yield weigh(query @ key.T, key.shape[1]) @ value,
    query, key, value = [layer(inputs) for layer in linears(789)]
    yield weigh(query @ key.T, key.shape[1]) @ value,


def chapter_3():
    """Causal attention and dropout, cells 16 to 25."""
    inputs = torch.tensor(WORDS)
    W_query, W_key, _ = linears(789)
    queries, keys = W_query(inputs), W_key(inputs)
    attn_scores = queries @ keys.T
    attn_weights = weigh(attn_scores, keys.shape[1])
    yield attn_weights,

    # hide the future after softmax, and mend the sums
    length = attn_scores.shape[0]
    mask_simple = torch.ones(length, length).tril()
    yield mask_simple,
    masked_simple = attn_weights * mask_simple
    yield masked_simple,
    yield masked_simple / masked_simple.sum(dim=-1, keepdim=True),

    # hide it before softmax, and the sums are right at once
    masked = attn_scores.masked_fill(future(length), -math.inf)
    yield masked,
    attn_weights = weigh(masked, keys.shape[1])
    yield attn_weights,

    # dropout, twice with the same seed
    dropout = nn.Dropout(0.5)
    torch.manual_seed(123)
    yield dropout(torch.ones(6, 6)),
    torch.manual_seed(123)
    yield dropout(attn_weights),

    # two texts at once
    batch = torch.stack([inputs, inputs])
    yield batch.shape,
    torch.manual_seed(123)
    context_vecs = CausalHead()(batch)
    yield context_vecs,
    yield "context_vecs.shape:", context_vecs.shape


def chapter_4():
    """Several heads, cells 26 to 36."""
    inputs = torch.tensor(WORDS)
    batch = torch.stack([inputs, inputs])

    # heads side by side
    torch.manual_seed(123)
    heads = [CausalHead(), CausalHead()]
    context_vecs = torch.cat([head(batch) for head in heads], dim=-1)
    yield context_vecs,
    yield "context_vecs.shape:", context_vecs.shape

    # one projection split into two heads of width 1, divided as the notebook divides
    layers = linears(123)
    out_proj = nn.Linear(2, 2)
    queries, keys, values = [layer(batch).unflatten(-1, (2, 1)).transpose(1, 2) for layer in layers]
    scores = (queries @ keys.mT).masked_fill(future(6), -math.inf)
    context_vecs = weigh(scores, LEFTOVER_KEY_WIDTH) @ values
    context_vecs = out_proj(context_vecs.transpose(1, 2).flatten(2))
    yield context_vecs,
    yield "context_vecs.shape:", context_vecs.shape

    # what `queries @ keys.transpose(2, 3)` does
    a = torch.tensor(HEADS)
    yield a.shape,
    yield a @ a.transpose(2, 3),
    first_head, second_head = a[0]
    yield first_head,
    yield "First head:\n", first_head @ first_head.T
    yield second_head,
    yield "\nSecond head:\n", second_head @ second_head.T


CHAPTERS = {1: chapter_1, 2: chapter_2, 3: chapter_3, 4: chapter_4}


def microseconds(chapter, repeats):
    list(chapter())
    start = time.perf_counter()
    for _ in range(repeats):
        list(chapter())
    return (time.perf_counter() - start) / repeats * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapter", type=int, choices=CHAPTERS, help="only this chapter (default: all four)")
    parser.add_argument("--time", type=int, metavar="N", help="print nothing of it, compute it N times and give the mean")
    options = parser.parse_args()

    with torch.no_grad():
        for number in [options.chapter] if options.chapter else CHAPTERS:
            if options.time:
                print(f"chapter {number}: {microseconds(CHAPTERS[number], options.time):.1f} us")
                continue
            for arguments in CHAPTERS[number]():
                print(*arguments)


if __name__ == "__main__":
    main()
