# %% [markdown] title
# # Chapter 4: Multi-head attention
#
# One softmax gives a word one set of shares. Several heads give it several: for its verb, for its noun, for the word before.
#
# `./walk 4` shows the same tensors in C++, under the same names. `./walk 4 --compare FILE.ipynb` sets your own version of these cells
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
batch = torch.stack([inputs, inputs])
d_in = 3


def hide_future(scores):
    length = scores.shape[-1]
    return scores.masked_fill(torch.ones(length, length).triu(diagonal=1).bool(), -torch.inf)

# %% [markdown] side-by-side
# ## Heads side by side
#
# Each head is chapter 3's, with layers of its own. Their results stand next to each other: columns 0 and 1 are those of
# chapter 3, since the first head draws the same numbers.

# %% wrapper
class CausalHead(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.W_query = nn.Linear(d_in, width, bias=False)
        self.W_key = nn.Linear(d_in, width, bias=False)
        self.W_value = nn.Linear(d_in, width, bias=False)

    def forward(self, x):
        queries, keys, values = self.W_query(x), self.W_key(x), self.W_value(x)
        weights = torch.softmax(hide_future(queries @ keys.mT) / math.sqrt(keys.shape[-1]), dim=-1)
        return weights @ values


torch.manual_seed(123)
heads = [CausalHead(width=2), CausalHead(width=2)]
context_vecs = torch.cat([head(batch) for head in heads], dim=-1)
print(context_vecs)
print("context_vecs.shape:", context_vecs.shape)

# %% [markdown] fused
# ## All heads in one product
#
# One wide layer makes the queries of all heads. `view` cuts each row into heads, `transpose` puts the heads before the
# tokens, and `@` then treats every head as a matrix of its own. On the way back: transpose, put together, and `out_proj`
# lets the heads mix.
#
# `width_in_scale` deserves a look. It should be `head_dim`, 1 here. The notebook that chapters 1 to 4 follow
# divides by the width of a variable `key` that was left over from chapter 2, and has 2 columns. No shape complains. To
# print what it prints, we pass that 2.

# %% fused
class MultiHead(nn.Module):
    def __init__(self, d_out, n_heads, width_in_scale):
        super().__init__()
        self.n_heads, self.head_dim = n_heads, d_out // n_heads
        self.width_in_scale = width_in_scale
        self.W_query = nn.Linear(d_in, d_out, bias=False)
        self.W_key = nn.Linear(d_in, d_out, bias=False)
        self.W_value = nn.Linear(d_in, d_out, bias=False)
        self.out_proj = nn.Linear(d_out, d_out)

    def split(self, x):
        B, T, _ = x.shape
        return x.view(B, T, self.n_heads, self.head_dim).transpose(1, 2)

    def combine(self, x):
        return x.transpose(1, 2).flatten(2)

    def forward(self, x):
        queries, keys, values = self.split(self.W_query(x)), self.split(self.W_key(x)), self.split(self.W_value(x))
        scores = hide_future(queries @ keys.mT)
        weights = torch.softmax(scores / math.sqrt(self.width_in_scale), dim=-1)
        return self.out_proj(self.combine(weights @ values))


torch.manual_seed(123)
mha = MultiHead(d_out=2, n_heads=2, width_in_scale=2)
context_vecs = mha(batch)
print(context_vecs)
print("context_vecs.shape:", context_vecs.shape)

# %% [markdown] repaired
# Divided by $\sqrt{\text{head\_dim}}$ the second row starts with 0.2943 instead of 0.2941. The first row does not change: who
# sees one word only gives it a weight of 1, whatever the scale.

# %% repaired
mha.width_in_scale = mha.head_dim
repaired = mha(batch)
assert torch.equal(repaired[:, 0], context_vecs[:, 0])
assert round(repaired[0, 1, 0].item(), 4) == 0.2943

# %% [markdown] four-axes
# ## What `@` does with four axes
#
# The last two axes are matrices, all axes before them only a list. Two heads, three words, four columns:

# %% four-axes
a = torch.tensor([[[[0.2745, 0.6584, 0.2775, 0.8573],
                    [0.8993, 0.0390, 0.9268, 0.7388],
                    [0.7179, 0.7058, 0.9156, 0.4340]],
                   [[0.0772, 0.3565, 0.1479, 0.5331],
                    [0.4066, 0.2318, 0.4545, 0.9737],
                    [0.4606, 0.5159, 0.4220, 0.5786]]]])
a.shape

# %% product
print(a @ a.transpose(2, 3))

# %% [markdown] by-hand
# The same, one head after the other.

# %% first-head
first_head, second_head = a[0]
print(first_head)
first_res = first_head @ first_head.T
print("First head:\n", first_res)

# %% second-head
print(second_head)
second_res = second_head @ second_head.T
print("\nSecond head:\n", second_res)
