# %% [markdown] title
# # Chapter 3: Causal mask and dropout
#
# A model that learns to guess the next word must not see it. Two ways to hide the future, with one result; then dropout,
# which takes some of the weights away by chance.
#
# `./walk 3` shows the same tensors in C++, under the same names. `./walk 3 --compare FILE.ipynb` sets your own version of these cells
# beside them.

# %% inputs
import math

import torch
from torch import nn

inputs = torch.tensor([[0.43, 0.15, 0.89],   # Your
                       [0.55, 0.87, 0.66],   # journey
                       [0.57, 0.85, 0.64],   # starts
                       [0.22, 0.58, 0.33],   # with
                       [0.77, 0.25, 0.10],   # one
                       [0.05, 0.80, 0.55]])  # step
tokens, d_in = inputs.shape
d_out = 2

# %% [markdown] start
# ## Hide the future after softmax
#
# We go on from chapter 2's linear layers. Above the diagonal stands what nobody may know yet.

# %% weights
torch.manual_seed(789)
W_query = nn.Linear(d_in, d_out, bias=False)
W_key = nn.Linear(d_in, d_out, bias=False)

keys = W_key(inputs)
d_k = keys.shape[-1]
attn_scores = W_query(inputs) @ keys.T
attn_weights = torch.softmax(attn_scores / math.sqrt(d_k), dim=-1)
print(attn_weights)

# %% mask-simple
mask_simple = torch.ones(tokens, tokens).tril()
print(mask_simple)

# %% [markdown] cut
# Cutting leaves rows that no longer sum to 1 ...

# %% masked-simple
masked_simple = attn_weights * mask_simple
print(masked_simple)

# %% [markdown] share-again
# ... so what is left is shared out again.

# %% masked-simple-norm
masked_simple_norm = masked_simple / masked_simple.sum(dim=-1, keepdim=True)
print(masked_simple_norm)

# %% [markdown] before
# ## Hide it before softmax
#
# $e^{-\infty} = 0$: a score of $-\infty$ gets no share at all, and the rest share 1 among themselves. One softmax instead of two
# divisions. `future` is True where a word comes *after* the one that looks, and `masked_fill` hides where it is True.

# %% masked
future = torch.ones(tokens, tokens).triu(diagonal=1).bool()
masked = attn_scores.masked_fill(future, -torch.inf)
print(masked)

# %% causal-weights
attn_weights = torch.softmax(masked / math.sqrt(d_k), dim=-1)
print(attn_weights)

# %% [markdown] dropout
# ## Dropout
#
# Half of the ones become 0, the others 1/(1 - 0.5) = 2, so that the expected sum stays. **Which** ones depends on the build:
# this was run with an x86-64 wheel of PyTorch 2.4.1, which draws them with MKL. Newer wheels and all builds for ARM draw
# another mask from the same seed, and `./walk 3 --dropout-rng generic` prints that one.

# %% dropout-of-ones
torch.manual_seed(123)
dropout = nn.Dropout(0.5)
example = torch.ones(tokens, tokens)
print(dropout(example))

# %% dropout-of-weights
torch.manual_seed(123)
print(dropout(attn_weights))

# %% [markdown] batch
# ## All of it in one module
#
# The sentence twice makes a batch, and both copies must give the same. Axis 0 is the batch now, so the keys are transposed
# in their last two axes.

# %% batch
batch = torch.stack([inputs, inputs])
print(batch.shape)

# %% causal-attention
class CausalHead(nn.Module):
    """Looks back only. Its layers are drawn in the order query, key, value."""

    def __init__(self, p=0.0):
        super().__init__()
        self.W_query = nn.Linear(d_in, d_out, bias=False)
        self.W_key = nn.Linear(d_in, d_out, bias=False)
        self.W_value = nn.Linear(d_in, d_out, bias=False)
        self.dropout = nn.Dropout(p)

    def forward(self, x):
        queries, keys, values = self.W_query(x), self.W_key(x), self.W_value(x)
        scores = queries @ keys.mT
        length = x.shape[1]
        future = torch.ones(length, length).triu(diagonal=1).bool()
        scores = scores.masked_fill(future, -torch.inf)
        weights = torch.softmax(scores / math.sqrt(keys.shape[-1]), dim=-1)
        return self.dropout(weights) @ values


torch.manual_seed(123)
causal_head = CausalHead()
context_vecs = causal_head(batch)
print(context_vecs)
print("context_vecs.shape:", context_vecs.shape)

# %% [markdown] leak
# The surest test of a mask: change word 3, and rows 0 to 2 must not move by a bit.

# %% no-leak
changed = batch.clone()
changed[:, 3] += 1
assert torch.equal(causal_head(changed)[:, :3], context_vecs[:, :3])
assert not torch.equal(causal_head(changed)[:, 3:], context_vecs[:, 3:])
