"""The chapters' kernels through ctypes. Shapes are the structs of chapters/*/cuda/*_shape.hpp, field by field."""

import ctypes

import torch

from shared.problem import Problem


class KernelFailure(Exception):
    """What a kernel or its launch has complained of."""


def struct(name, fields, softmax_scale=False):
    members = [(field, ctypes.c_int) for field in fields.split()]
    members += [("softmax_scale", ctypes.c_float)] * softmax_scale
    return type(name, (ctypes.Structure,), {"_fields_": members})


DecodeShape = struct("DecodeShape", "batch n_heads n_kv_heads head_dim tokens max_tokens first_key", softmax_scale=True)
PrefillShape = struct("PrefillShape", "batch n_heads n_kv_heads qk_head_dim v_head_dim new_tokens start_pos chunk", softmax_scale=True)
RopeShape = struct("RopeShape", "batch n_heads n_kv_heads head_dim new_tokens start_pos max_tokens")
LatentShape = struct("LatentShape", "batch n_heads kv_lora_rank qk_rope_head_dim tokens max_tokens", softmax_scale=True)
Splits = struct("Splits", "count tokens")


def as_argument(value):
    if isinstance(value, torch.Tensor):
        assert value.is_contiguous()
        return ctypes.c_void_p(value.data_ptr())
    return ctypes.byref(value)


class Kernels:
    """The library; its functions run on PyTorch's current stream."""

    def __init__(self, path, device):
        try:
            self.library = ctypes.CDLL(str(path))
        except OSError as error:
            raise Problem(f"the kernels cannot be loaded: {error}") from None
        self.library.walk_message.restype = ctypes.c_char_p
        self.device = device

    def call(self, name, *arguments):
        stream = torch.cuda.current_stream().cuda_stream if self.device.type == "cuda" else None
        function = getattr(self.library, "walk_" + name)
        if function(ctypes.c_void_p(stream), *map(as_argument, arguments)) != 0:
            raise KernelFailure(self.library.walk_message().decode())

    def splits(self, name, shape):
        splits = Splits()
        self.call(name, shape, splits)
        return splits

    def poisoned(self, *sizes, dtype=torch.float32):
        """Memory for a result: full of NaN, so that what nobody writes is seen."""
        return torch.full(sizes, float("nan"), dtype=dtype, device=self.device)
