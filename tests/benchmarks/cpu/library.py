"""The chapters' functions through ctypes. The structs are those of library.cpp, field by field."""

import ctypes

import torch

from shared.problem import Problem


def struct(name, fields, last_float):
    members = [(field, ctypes.c_size_t) for field in fields.split()]
    return type(name, (ctypes.Structure,), {"_fields_": members + [(last_float, ctypes.c_float)]})


Shape = struct("CpuShape", "batch n_queries n_keys n_heads n_kv_heads qk_width v_width rope_width", "scale")
LayerShape = struct("CpuLayerShape", "dim n_heads n_kv_heads head_dim max_seq_len", "theta")


def as_argument(value):
    if isinstance(value, torch.Tensor):
        assert value.is_contiguous() and value.dtype == torch.float32
        return ctypes.c_void_p(value.data_ptr())
    return value.pointer if isinstance(value, Handle) else value


class Failure(Exception):
    """What a function of the chapters has complained of."""


class Library:
    def __init__(self, path, threads):
        try:
            self.c = ctypes.CDLL(str(path))
        except OSError as error:
            raise Problem(f"the library of the chapters cannot be loaded: {error}") from None
        for name in ("cpu_message", "cpu_machine"):
            getattr(self.c, name).restype = ctypes.c_char_p
        for name in ("cpu_new_layer", "cpu_new_sgemm", "cpu_new_read"):
            getattr(self.c, name).restype = ctypes.c_void_p
        self.threads = ctypes.c_size_t(threads)

    def machine(self):
        names = ("processor", "cores", "threads", "blas", "vectors")
        return dict(zip(names, self.c.cpu_machine().decode().split("\n")))

    def call(self, name, *arguments):
        """A function without arguments, which is what is timed. It holds the tensors, so their memory stays."""
        function, given = getattr(self.c, name), [as_argument(each) for each in arguments]

        def run(_held=arguments):
            if function(*given) != 0:
                raise Failure(self.c.cpu_message().decode())
        return run

    # Each of these returns such a function, and the tensor that it writes.

    def attention(self, rung, shape, queries, keys, values):
        output = poisoned(shape.batch, shape.n_queries, shape.n_heads, shape.v_width)
        return self.call("cpu_attention", rung.encode(), ctypes.byref(shape), queries, keys, values, output, self.threads), output

    def latent(self, rung, shape, queries, queries_pe, latents, latents_pe):
        output = poisoned(shape.batch, shape.n_queries, shape.n_heads, shape.qk_width)
        return self.call("cpu_latent", rung.encode(), ctypes.byref(shape), queries, queries_pe, latents, latents_pe, output,
                         self.threads), output

    def run_layer(self, layer, with_engine, x, start_pos):
        output = poisoned(*x.shape)
        return self.call("cpu_layer", layer, int(with_engine), x, ctypes.c_size_t(x.shape[1]), ctypes.c_size_t(start_pos), output), output

    def layer(self, shape, weights, caches):
        """A layer of Llama, with copies of all that."""
        handle = self.c.cpu_new_layer(ctypes.byref(shape), *map(as_argument, (*weights, *caches)))
        if not handle:
            raise Failure(self.c.cpu_message().decode())
        return Handle(handle, self.c.cpu_delete_layer)

    def sgemm(self, n):
        """A product of two (n, n) matrices."""
        probe = Handle(self.c.cpu_new_sgemm(ctypes.c_size_t(n)), self.c.cpu_delete_sgemm)
        return lambda: self.c.cpu_sgemm(probe.pointer, self.threads)

    def read(self, size):
        """Reads so many bytes of memory."""
        probe = Handle(self.c.cpu_new_read(ctypes.c_size_t(size)), self.c.cpu_delete_read)
        return lambda: self.c.cpu_read(probe.pointer, self.threads)


class Handle:
    """An object of the library. It is deleted with the last reference to it."""

    def __init__(self, address, delete):
        self.pointer, self.delete = ctypes.c_void_p(address), delete

    def __del__(self):
        self.delete(self.pointer)


def poisoned(*sizes):
    """Memory for a result: full of NaN, so that a number that is not written is found."""
    return torch.full(sizes, float("nan"))
