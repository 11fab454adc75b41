# %% [markdown] title
# # Chapter 2: Self-attention with trainable weights
#
# Three matrices give a word three roles: what it looks for (query), what it can be found by (key), and what it hands over
# (value). Training would change them; here they are what the generator draws.
#
# `./walk 2` shows the same tensors in C++, under the same names. `./walk 2 --compare FILE.ipynb` sets your own version of these cells
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
d_in, d_out = 3, 2

# %% [markdown] draw
# The seed is set once, and the matrices draw one after the other. Their order is part of the result.

# %% weights-drawn
torch.manual_seed(123)
W_query = torch.rand(d_in, d_out)
W_key = torch.rand(d_in, d_out)
W_value = torch.rand(d_in, d_out)

# %% project
query = inputs @ W_query
key = inputs @ W_key
value = inputs @ W_value
print(query)

# %% [markdown] score
# Row *i* holds what word *i* asks of all others. No longer symmetric.

# %% scores
attn_scores = query @ key.T
print(attn_scores)

# %% [markdown] scale
# $$A = \mathrm{softmax}(Q K^\top / \sqrt{d_k})$$
#
# $d_k$ is the width of a key: 2, not the embedding's 3 and not the number of words.

# %% weights
d_k = key.shape[-1]
attn_weights = torch.softmax(attn_scores / math.sqrt(d_k), dim=-1)
print(attn_weights)

# %% contexts
context_vec = attn_weights @ value
print(context_vec)

# %% [markdown] as-a-class
# ## The same as a class, twice
#
# First with bare parameters. The same seed and the same order of drawing, so the same numbers come out again; `grad_fn`
# says that PyTorch now keeps track for training.

# %% parameters
def attend(queries, keys, values):
    scores = queries @ keys.T
    return torch.softmax(scores / math.sqrt(keys.shape[-1]), dim=-1) @ values


class WithParameters(nn.Module):
    def __init__(self):
        super().__init__()
        self.W_query = nn.Parameter(torch.rand(d_in, d_out))
        self.W_key = nn.Parameter(torch.rand(d_in, d_out))
        self.W_value = nn.Parameter(torch.rand(d_in, d_out))

    def forward(self, x):
        return attend(x @ self.W_query, x @ self.W_key, x @ self.W_value)


torch.manual_seed(123)
sa_v1 = WithParameters()
print(sa_v1(inputs))

# %% [markdown] linear
# Then with `nn.Linear`. It keeps its weight as (out, in), draws it between $-1/\sqrt{d_{in}}$ and $1/\sqrt{d_{in}}$, and the
# seed is another: three reasons for other numbers.

# %% linears
class WithLinears(nn.Module):
    def __init__(self):
        super().__init__()
        self.W_query = nn.Linear(d_in, d_out, bias=False)
        self.W_key = nn.Linear(d_in, d_out, bias=False)
        self.W_value = nn.Linear(d_in, d_out, bias=False)

    def forward(self, x):
        return attend(self.W_query(x), self.W_key(x), self.W_value(x))


torch.manual_seed(789)
sa_v2 = WithLinears()
print(sa_v2(inputs))

# %% [markdown] transposed
# Hand the transposed weights over, and the two classes agree.

# %% same-weights
with torch.no_grad():
    for name in ("W_query", "W_key", "W_value"):
        getattr(sa_v1, name).copy_(getattr(sa_v2, name).weight.T)
assert torch.allclose(sa_v1(inputs), sa_v2(inputs))
