# %% [markdown] title
# # Chapter 1: Simplified self-attention
#
# Every word looks at every word and takes from each as much as the two have in common. Nothing is learned yet:
# three lines of arithmetic are the whole of it.
#
# `./walk 1` shows the same tensors in C++, under the same names. `./walk 1 --compare FILE.ipynb` sets your own version of these cells
# beside them.

# %% inputs
import torch

words = ["Your", "journey", "starts", "with", "one", "step"]
inputs = torch.tensor([[0.43, 0.15, 0.89],
                       [0.55, 0.87, 0.66],
                       [0.57, 0.85, 0.64],
                       [0.22, 0.58, 0.33],
                       [0.77, 0.25, 0.10],
                       [0.05, 0.80, 0.55]])

# %% [markdown] one-word
# ## One word looks
#
# **Score.** "journey" asks all six words, itself included. A dot product is large where both rows are large in the same
# columns.

# %% scores-of-journey
journey = inputs[1]
attn_scores_2 = torch.stack([word.dot(journey) for word in inputs])
print(attn_scores_2)

# %% [markdown] weigh
# **Weigh.** Softmax makes shares of the scores: all positive, sum 1, the order unchanged.

# %% weights-of-journey
attn_weights_2 = attn_scores_2.softmax(dim=0)
print("Attention weights:", attn_weights_2)
print("Sum:", attn_weights_2.sum())

# %% [markdown] mix
# **Mix.** Add up the words, each as often as its share says. The result is "journey" as it reads in this sentence.

# %% context-of-journey
context_vec_2 = sum(share * word for share, word in zip(attn_weights_2, inputs))
print(context_vec_2)

# %% [markdown] all-words
# ## All words look
#
# Thirty-six dot products are one matrix product. The matrix is symmetric: a dot product does not care who asks.

# %% scores
attn_scores = inputs @ inputs.T
print(attn_scores)

# %% [markdown] softmax-axis
# `dim=-1` makes each *row* sum to 1. With these symmetric scores `dim=0` would give the transposed matrix, every number of
# it familiar: one of the mistakes that four digits do not show at first sight.

# %% weights
attn_weights = torch.softmax(attn_scores, dim=-1)
print(attn_weights)

# %% [markdown] contexts
# Row 1 must be the vector that was mixed by hand.

# %% contexts
all_context_vecs = attn_weights @ inputs
print(all_context_vecs)
assert torch.allclose(all_context_vecs[1], context_vec_2)

# %% [markdown] next
# Turn the sentence round and each word keeps its context vector: attention alone knows no order. Chapter 2 first gives it
# something to learn.
