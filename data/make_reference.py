#!/usr/bin/env python3
"""Ask PyTorch for the numbers and the printed tensors that the C++ tests compare with.

Run it once with a wheel that draws dropout masks with MKL (2.4.1 does): it writes
torch_printed.json and torch_random_mkl.json. Run it again with a PyTorch without MKL
(Debian's python3-torch): it writes torch_random_generic.json, and reports every case of
torch_printed.json that this PyTorch would print differently.
"""

import argparse
import json
import math
import os
import pathlib
import random
import sys

import torch

HERE = pathlib.Path(__file__).resolve().parent
NAN, INF = math.nan, math.inf


# --- tensors as bits and back

def bits(tensor):
    if tensor.dtype == torch.complex64:
        tensor = torch.view_as_real(tensor)
    flat = tensor.detach().reshape(-1)
    if flat.dtype == torch.float32:
        return [b & 0xFFFFFFFF for b in flat.view(torch.int32).tolist()]
    return [int(x) for x in flat.tolist()]


def from_bits(numbers, dtype, shape):
    if dtype in ("int64", "bool"):
        return torch.tensor(numbers, dtype=getattr(torch, dtype)).reshape(shape)
    signed = [b - (1 << 32) if b >> 31 else b for b in numbers]
    tensor = torch.tensor(signed, dtype=torch.int32).view(torch.float32)
    if dtype == "complex64":
        return torch.view_as_complex(tensor.reshape(*shape, 2))
    return tensor.reshape(shape)


# --- small ways to make a tensor

def floats(*values, shape=None):
    return torch.tensor(values, dtype=torch.float32).reshape(shape or len(values))


def complexes(*pairs, shape=None):
    return torch.view_as_complex(torch.tensor(pairs, dtype=torch.float32)).reshape(shape or len(pairs))


def scalar(tensor):
    return tensor.reshape(())


def step(value, ulps):
    """The float32 that lies so many steps above (or below) a positive value."""
    return scalar(from_bits([bits(floats(value))[0] + ulps], "float32", (1,))).item()


def wave(shape, dtype="float32", scale=700.0):
    """Numbers that jump about, without a random generator."""
    n = math.prod(shape)
    jumps = [(i * 7919 + 5) % 2003 - 1001 for i in range(n)]
    if dtype == "int64":
        return torch.tensor(jumps, dtype=torch.int64).reshape(shape)
    if dtype == "bool":
        return torch.tensor([j % 3 == 0 for j in jumps], dtype=torch.bool).reshape(shape)
    if dtype == "complex64":
        return complexes(*[(j / scale, (j * 31 % 2003 - 1001) / scale) for j in jumps], shape=shape)
    return floats(*[j / scale for j in jumps], shape=shape)


def hollow(shape, edge, middle):
    """`edge` in the three first and last places of each dimension, `middle` elsewhere."""
    tensor = torch.empty(shape, dtype=edge.dtype).copy_(edge)
    inside = tensor
    for d, size in enumerate(shape):
        inside = inside.narrow(d, 3, size - 6)
    inside.copy_(middle)
    return tensor


# --- the printed cases: (name, tensor) or (name, tensor, precision) or (name, tensor, precision, full)

DTYPES = ["float32", "int64", "bool", "complex64"]


def label(shape):
    return "x".join(str(n) for n in shape)


def scalar_cases():
    named = {"one": 1.0, "minus_one": -1.0, "third": 1 / 3, "zero": 0.0, "minus_zero": -0.0, "nan": NAN, "inf": INF,
             "minus_inf": -INF, "denormal": 1e-45, "largest": 3.4028235e38, "hundred_million": 1e8, "above_hundred_million": 1.00000008e8,
             "ten_thousandth": 1e-4, "above_ten_thousandth": step(1e-4, 1), "tie": 0.03125, "rounds_up_a_digit": 9.99996}
    for name, value in named.items():
        yield f"scalar_float_{name}", scalar(floats(value))
    for value in (0, 7, -7, 2**63 - 1, -(2**63)):
        yield f"scalar_int_{value}".replace("-", "minus_"), torch.tensor(value)
    yield "scalar_bool_true", torch.tensor(True)
    yield "scalar_bool_false", torch.tensor(False)
    named = {"plain": (1.5, 2.25), "minus_imag": (1.5, -2.25), "zeros": (0.0, 0.0), "minus_zeros": (-0.0, -0.0), "integers": (3, -4), "nan": (NAN, NAN),
             "inf": (INF, -INF), "tiny_real": (1e-6, 1.5), "huge_imag": (1.5, 3e9), "nan_and_number": (NAN, 2.5), "wide": (-12345.678, 0.5)}
    for name, pair in named.items():
        yield f"scalar_complex_{name}", scalar(complexes(pair))


def empty_cases():
    for dtype in DTYPES:
        for shape in [(0,), (0, 3), (3, 0), (0, 0), (1, 0), (2, 0, 4), (3, 4, 0), (0, 1, 1, 1)]:
            yield f"empty_{dtype}_{label(shape)}", torch.empty(shape, dtype=getattr(torch, dtype))


def switch_cases():
    # max / min just below, at and above 1000
    yield "ratio_999", floats(1.0, 999.0)
    yield "ratio_1000", floats(1.0, 1000.0)
    yield "ratio_1001", floats(1.0, 1001.0)
    for low in (0.1, 0.3, 0.5, 0.7, 1.5, 0.015625):
        yield f"ratio_1000_from_{low}", floats(low, low * 1000)
        yield f"ratio_1000_from_{low}_one_step_less", floats(low, step(low * 1000, -1))
        yield f"ratio_1000_from_{low}_one_step_more", floats(low, step(low * 1000, 1))
    yield "ratio_ignores_zero_and_sign", floats(0.0, -1.5, 1400.25, -0.0)
    yield "ratio_negative_side", floats(-0.5, 0.25, -1000.125)

    # max around 1e8, min around 1e-4
    for ulps in (-1, 0, 1):
        yield f"max_at_1e8_steps_{ulps}".replace("-", "minus_"), floats(5e7, step(1e8, ulps))
        yield f"max_at_minus_1e8_steps_{ulps}".replace("-", "minus_"), floats(-step(1e8, ulps), -7e7)
        yield f"min_at_1e-4_steps_{ulps}".replace("-", "minus_"), floats(step(1e-4, ulps), 0.05)
        yield f"min_at_minus_1e-4_steps_{ulps}".replace("-", "minus_"), floats(-step(1e-4, ulps), 0.0, 0.0123)
    yield "tiny_alone", floats(0.000099)
    yield "tiny_and_zero", floats(0.0, 2e-5, 0.0)
    yield "huge_and_tiny", floats(3.4e38, 1e-45, -1e-38, 0.0)
    yield "huge_only", floats(3e38, -3e38)
    yield "exponents_of_one_two_and_three_digits", floats(1e-5, 1e10, 1e38, -1e-38)


def integer_float_cases():
    yield "integers", floats(1, 2, 3)
    yield "integers_of_all_widths", floats(0, -1, 22, -333, 444)
    yield "integers_ratio_1000", floats(1, -1000, 7)
    yield "integers_ratio_1001", floats(1, -1001, 7)
    yield "integers_up_to_1e8", floats(1e8, 2e7)
    yield "integers_above_1e8", floats(1.00000008e8, 2e7)
    yield "integers_and_nan", floats(1, NAN, -30)
    yield "integers_and_inf", floats(1, INF, -INF, 30)
    yield "integers_and_nan_and_inf_wide", floats(NAN, 1, INF, 12345, 20, -INF)
    yield "integers_scientific_and_inf", floats(1, INF, 50000)
    yield "one_fraction_among_integers", floats(1, 2, 3.5, 400)
    yield "large_integers_are_integers", floats(16777216, 33554430, 99999992)
    yield "causal_ones", torch.tril(torch.ones(6, 6))


def special_cases():
    # zeros
    yield "minus_zero", floats(-0.0)
    yield "zeros_of_both_signs", floats(0.0, -0.0)
    yield "minus_zero_and_integer", floats(-0.0, 1.0, -12.0)
    yield "minus_zero_and_fraction", floats(-0.0, 1.5)
    yield "minus_zero_and_scientific", floats(-0.0, 1e-6)
    yield "all_zeros", torch.zeros(2, 3)
    yield "all_zeros_3d", torch.zeros(2, 2, 2)

    # nan and inf
    yield "all_nan", floats(NAN, NAN, NAN, NAN, shape=(2, 2))
    yield "all_inf", floats(INF, INF)
    yield "all_minus_inf", floats(-INF, -INF)
    yield "inf_of_both_signs_and_nan", floats(INF, -INF, NAN)
    yield "inf_and_zero", floats(INF, 0.0, -0.0)
    yield "nan_with_sign_and_payload", from_bits([0xFFC00000, 0x7FC12345, 0x3FC00000], "float32", (3,))
    yield "nan_and_fraction", floats(NAN, 0.25)
    yield "inf_and_fraction", floats(-INF, 0.25, INF)
    yield "inf_and_scientific", floats(-INF, 1e-7, INF, NAN)
    yield "column_of_minus_inf", floats(1.5, -INF, 2.5, -INF, -0.5, -INF, shape=(3, 2))

    # attention scores behind a causal mask
    for n in (1, 2, 3, 6, 9):
        scores = wave((n, n), scale=900.0)
        yield f"masked_scores_{n}", scores.masked_fill(torch.ones(n, n).triu(1).bool(), -INF)
    scores = wave((2, 2, 4, 4), scale=900.0)
    yield "masked_scores_4d", scores.masked_fill(torch.ones(4, 4).triu(1).bool(), -INF)
    yield "masked_row_without_keys", floats(0.5, 0.25, -INF, -INF, shape=(2, 2))

    # denormals
    yield "denormals", floats(1e-45, 3e-45, -1e-40)
    yield "denormal_and_smallest_normal", floats(1e-40, 1.17549435e-38)
    yield "denormal_and_one", floats(1e-42, 1.0)


def rounding_cases():
    yield "ties_to_even_in_the_last_digit", floats(0.03125, 0.09375, 0.15625, -0.28125)
    yield "decimal_ties_that_are_none_in_binary", floats(0.12345, 0.00015, 0.00025, 0.05555)
    yield "half_of_the_last_digit", floats(0.00005, 1.0)
    yield "just_below_one", floats(0.99995, 0.99994, 1.00005, 1.00004)
    yield "rounding_makes_the_widest", floats(9.99996, 1.5)
    yield "rounding_makes_the_widest_negative", floats(-99.99996, 10.5, 99.5)
    yield "scientific_rounding_makes_ten", floats(9.99996e9, 1.5)
    yield "halves", floats(0.5, 1.5, 2.5, -3.5)
    yield "halves_to_even", floats(0.5, 1.5, 2.5, -3.5), 0
    yield "scientific_ties_to_even", floats(2.5e9, 1.5e9, -4.5e9), 0
    yield "small_negative_rounds_to_minus_zero", floats(-0.001, 0.5), 2
    yield "many_digits_of_a_tenth", floats(0.1, 0.7), 10


def integer_cases():
    yield "int_one", torch.tensor([5])
    yield "int_widths", torch.tensor([0, -1, 22, -333, 4444])
    yield "int_extremes", torch.tensor([2**63 - 1, -(2**63), 0])
    yield "int_matrix", torch.tensor([[1, -2], [30, 400]])
    yield "int_negative_only", torch.tensor([-5, -50])
    yield "int_token_ids", torch.tensor([[40, 367, 2885, 1464], [1807, 3619, 402, 271]])
    yield "bool_one", torch.tensor([True])
    yield "bool_all_true", torch.tensor([True, True])
    yield "bool_mixed", torch.tensor([True, False, True])
    yield "bool_causal_mask", torch.ones(6, 6).triu(1).bool()


def complex_cases():
    yield "complex_plain", complexes((1.5, 2.25), (-0.5, -3.125))
    yield "complex_zero_imag", complexes((1.5, 0.0), (2.5, -0.0))
    yield "complex_zeros_of_both_signs", complexes((0.0, 0.0), (-0.0, -0.0), (0.0, -0.0), (-0.0, 0.0))
    yield "complex_integers", complexes((1, -2), (30, 4), (-5, 0))
    yield "complex_integer_real_only", complexes((1, 0.5), (30, -0.25))
    yield "complex_integer_imag_only", complexes((0.5, 1), (-0.25, -30))
    yield "complex_nan", complexes((NAN, 1.5), (2.5, NAN), (NAN, NAN))
    yield "complex_inf", complexes((INF, -INF), (-INF, INF), (0.5, 0.25))
    yield "complex_nan_with_sign", from_bits([0x3FC00000, 0xFFC00000, 0xFFC00000, 0x3FC00000], "complex64", (2,))
    yield "complex_scientific_real_only", complexes((1e-6, 0.5), (2.0, -0.25))
    yield "complex_scientific_imag_only", complexes((0.5, 1e9), (-0.25, -2.0))
    yield "complex_scientific_both", complexes((1e-6, 1e9), (2.0, -1e-9))
    yield "complex_integers_scientific", complexes((1, 2), (5000, -9000))
    yield "complex_all_nan", complexes((NAN, NAN), (NAN, NAN))
    yield "complex_uneven_widths", complexes((0.5, 100.5), (100.5, -0.5), (-1.5, 7.25))
    angles = [p * 10000 ** (-i / 4) for p in range(3) for i in range(4)]
    yield "complex_rotations", complexes(*[(math.cos(a), math.sin(a)) for a in angles], shape=(3, 4))


def shape_cases():
    for dtype in DTYPES:
        for shape in [(3,), (2, 3), (2, 2, 3), (2, 1, 2, 3), (1, 2, 1, 2, 3), (2, 1, 2, 1, 2, 2)]:
            yield f"rank_{len(shape)}_{dtype}", wave(shape, dtype)
    for shape in [(1,), (1, 1), (1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1, 1, 1), (3, 1), (1, 3, 1), (2, 1, 1), (1, 1, 4), (2, 3, 2, 1, 3)]:
        yield f"shape_{label(shape)}", wave(shape)


def long_row_cases():
    # rows that wrap at 80 characters
    for n in (6, 7, 8, 9, 10, 11, 20, 50):
        yield f"row_of_{n}", wave((n,))
    for n in (18, 19, 20, 26, 27, 40):
        yield f"row_of_{n}_integers", torch.arange(n, dtype=torch.float32)
    for dtype in DTYPES:
        yield f"row_wraps_{dtype}", wave((41,), dtype)
        yield f"row_wraps_2d_{dtype}", wave((3, 25), dtype)
        yield f"row_wraps_3d_{dtype}", wave((2, 2, 23), dtype)
        yield f"row_wraps_5d_{dtype}", wave((1, 2, 1, 2, 22), dtype)
    yield "row_wraps_scientific", wave((17,), scale=1e7)
    yield "row_wraps_int_extremes", torch.tensor([2**63 - 1, -(2**63)] * 5)
    yield "row_wraps_with_inf", floats(*([0.5, -INF, NAN] * 9))
    yield "row_wraps_all_nan", floats(*([NAN] * 30))


def summarised_cases():
    # exactly 1000 elements are printed, 1001 are summarised
    for shape in [(1000,), (10, 100), (10, 10, 10)]:
        yield f"thousand_{label(shape)}", wave(shape)
    for shape in [(1001,), (7, 143), (143, 7), (7, 11, 13), (3, 334), (6, 167), (334, 3), (1, 1001), (1001, 1), (1, 1, 1001), (2, 2, 251),
                  (7, 7, 7, 7), (2, 3, 4, 5, 9), (1, 2, 8, 9, 8), (4, 5, 60), (60, 5, 4), (8, 8, 2, 8), (2, 2, 2, 2, 2, 40)]:
        yield f"summarised_{label(shape)}", wave(shape)
    for dtype in DTYPES[1:]:
        for shape in [(1001,), (7, 143), (6, 167), (7, 11, 13)]:
            yield f"summarised_{dtype}_{label(shape)}", wave(shape, dtype)

    # the formatter sees the edges alone
    for shape in [(1001,), (10, 101), (9, 10, 12)]:
        yield f"hidden_huge_{label(shape)}", hollow(shape, torch.tensor(0.5), torch.tensor(3e9))
        yield f"hidden_fractions_{label(shape)}", hollow(shape, torch.tensor(2.0), torch.tensor(0.125))
    yield "hidden_nan", hollow((1001,), torch.tensor(12.0), torch.tensor(NAN))
    yield "hidden_numbers_between_inf", hollow((1001,), torch.tensor(-INF), torch.tensor(0.5))
    yield "hidden_tiny", hollow((1001,), torch.tensor(1.5), torch.tensor(1e-30))
    yield "hidden_wide_int", hollow((1001,), torch.tensor(7), torch.tensor(-(2**60)))
    yield "hidden_false", hollow((1001,), torch.tensor(True), torch.tensor(False))
    yield "hidden_huge_imag", hollow((1001,), scalar(complexes((0.5, -2))), scalar(complexes((0.5, 1e10))))
    yield "edges_of_two_magnitudes", torch.cat([wave((6, 90)), wave((6, 90), scale=1e-7)], dim=1)


def option_cases():
    for precision in (0, 1, 2, 6, 8, 10):
        yield f"precision_{precision}_fractions", floats(0.123456789, -2.5, 33.335), precision
        yield f"precision_{precision}_scientific", floats(1.23456789e-7, -2.5e3, INF), precision
        yield f"precision_{precision}_integers", floats(1, -20, NAN), precision
        yield f"precision_{precision}_scalar", scalar(floats(2 / 3)), precision
        yield f"precision_{precision}_complex", complexes((0.123456789, -2.5), (33.335, 1e-9)), precision
    yield "precision_2_wraps", wave((30,)), 2
    yield "precision_10_wraps", wave((2, 9)), 10
    yield "precision_2_summarised", wave((7, 143)), 2
    yield "full_1001", wave((1001,)), 4, True
    yield "full_int_7x143", wave((7, 143), "int64"), 4, True
    yield "full_complex_3x2x167", wave((3, 2, 167), "complex64"), 2, True
    yield "full_bool_7x11x13", wave((7, 11, 13), "bool"), 4, True
    yield "full_small", wave((2, 3)), 6, True


def chance_cases():
    # any bits at all, then numbers whose magnitudes are close together
    dice = random.Random(20240707)
    for i in range(16):
        yield f"any_bits_{i}", from_bits([dice.getrandbits(32) for _ in range(12)], "float32", (3, 4))
    for i in range(6):
        yield f"any_bits_complex_{i}", from_bits([dice.getrandbits(32) for _ in range(12)], "complex64", (3, 2))
    for i in range(24):
        shape = [1 + dice.getrandbits(8) % 5 for _ in range(1 + i % 4)]
        spread, centre = i % 5, dice.getrandbits(8) % 15 - 6
        values = [(dice.random() - 0.5) * 10.0 ** (centre + spread * dice.random()) for _ in range(math.prod(shape))]
        yield f"chance_{i}_{label(shape)}", floats(*values, shape=shape)


def printed_cases():
    makers = [scalar_cases, empty_cases, switch_cases, integer_float_cases, special_cases, rounding_cases, integer_cases,
              complex_cases, shape_cases, long_row_cases, summarised_cases, option_cases, chance_cases]
    for make in makers:
        for name, tensor, *options in make():
            precision, full = (*options, *(4, False)[len(options):])
            dtype = str(tensor.dtype).replace("torch.", "")
            yield {"name": name, "dtype": dtype, "shape": list(tensor.shape), "bits": bits(tensor), "precision": precision, "full": full}


def printed(case):
    torch.set_printoptions(profile="full" if case["full"] else "default", precision=case["precision"])
    return str(from_bits(case["bits"], case["dtype"], case["shape"]))


# --- the random calls: what is asked for here, what PyTorch answers in `answer`

def manual_seed(seed):
    return {"op": "manual_seed", "seed": seed}


def rand(*shape):
    return {"op": "rand", "shape": list(shape)}


def randn(*shape):
    return {"op": "randn", "shape": list(shape)}


def randint(low, high, *shape):
    return {"op": "randint", "low": low, "high": high, "shape": list(shape)}


def uniform(low, high, *shape):
    return {"op": "uniform", "low": low, "high": high, "shape": list(shape)}


def linear(inputs, outputs, bias):
    return {"op": "linear", "in": inputs, "out": outputs, "bias": bias}


def embedding(rows, cols):
    return {"op": "embedding", "rows": rows, "cols": cols}


def dropout(p, *shape):
    return {"op": "dropout", "p": p, "shape": list(shape)}


def answer(call):
    op, shape = call["op"], call.get("shape")
    if op == "manual_seed":
        torch.manual_seed(call["seed"])
        return {}
    if op == "linear":
        layer = torch.nn.Linear(call["in"], call["out"], bias=call["bias"])
        return {"weight_bits": bits(layer.weight), "bias_bits": bits(layer.bias) if call["bias"] else []}
    if op == "randint":
        return {"values": bits(torch.randint(call["low"], call["high"], shape))}

    if op == "embedding":
        tensor = torch.nn.Embedding(call["rows"], call["cols"]).weight
    elif op == "uniform":
        tensor = torch.empty(shape).uniform_(call["low"], call["high"])
    elif op == "dropout":
        tensor = torch.nn.functional.dropout(torch.ones(shape), call["p"], training=True)
    else:
        tensor = {"rand": torch.rand, "randn": torch.randn}[op](shape)
    return {"bits": bits(tensor)}


def random_cases():
    # seeds: only the low 32 bits count, and -5 is 2**64 - 5
    for seed in (0, 1, 123, 789, 2**31, 2**32 - 1, 2**32 + 5, 2**40 + 123, 2**63 - 1, -1, -5):
        yield f"seed_{seed}".replace("-", "minus_"), [manual_seed(seed), rand(2, 3), randn(3), randint(0, 1000, 5)]

    # rand and uniform
    yield "rand_one_by_one", [manual_seed(123), rand(1), rand(1), rand(5), rand(2, 3)]
    yield "rand_past_the_first_refill", [manual_seed(123), rand(623), rand(1), rand(1), rand(700)]
    yield "rand_three_matrices_of_the_notebook", [manual_seed(123), rand(3, 2), rand(3, 2), rand(3, 2)]
    yield "rand_of_nothing", [manual_seed(123), rand(0), rand(2, 0), rand(2)]
    third = 1 / math.sqrt(3)
    yield "uniform_rounds_once", [manual_seed(123), uniform(-third, third, 200), uniform(0.1, 0.2, 200)]
    yield "uniform_ranges", [manual_seed(9), uniform(-0.5, 0.5, 2, 3), uniform(0, 3.3, 20), uniform(-7, 1, 20), uniform(-0.001, 0.001, 50), uniform(2, 2, 3)]

    # randn: pairs below 16 elements, blocks of 16 from there on
    for n in (1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 48, 100, 1000):
        yield f"randn_{n}", [manual_seed(123), randn(n), rand(2)]
    yield "randn_shapes", [manual_seed(7), randn(2, 3), randn(4, 4), randn(3, 7), randn(2, 3, 5), randn(2, 2, 4, 4)]
    yield "randn_keeps_the_second_value", [manual_seed(1), randn(1), randn(1), randn(3), randn(3), randn(5), randn(15)]
    yield "randn_kept_value_survives_rand", [manual_seed(1), randn(3), rand(2), randn(3)]
    yield "randn_kept_value_survives_a_large_randn", [manual_seed(1), randn(3), randn(16), randn(1), randn(1)]
    yield "randn_kept_value_survives_the_rest", [manual_seed(1), randn(1), randint(0, 9, 3), dropout(0.5, 4), linear(2, 2, True), randn(2)]
    yield "randn_kept_value_goes_with_the_seed", [manual_seed(1), randn(1), manual_seed(1), randn(2)]
    yield "randn_of_nothing", [manual_seed(1), randn(0), randn(1), randn(0, 3), randn(1)]

    # randint
    yield "randint_digits", [manual_seed(123), randint(0, 10, 3, 4), randint(0, 1, 4), randint(0, 2, 8)]
    yield "randint_negative_low", [manual_seed(123), randint(-5, 6, 20), randint(-1000, -990, 10)]
    yield "randint_odd_ranges", [manual_seed(123), randint(3, 10, 9), randint(0, 50257, 2, 4), randint(-3, 1000, 10)]
    yield "randint_wide_range", [manual_seed(123), randint(0, 2**28 - 1, 10), randint(0, 3_000_000_000, 10), randint(-(2**31), 2**31 - 1, 10)]
    yield "randint_64_bit_range", [manual_seed(123), randint(0, 2**32, 5), randint(-(2**40), 2**40, 5), rand(1)]

    # layers
    for inputs, outputs in [(1, 1), (2, 3), (3, 1), (3, 2), (4, 4), (5, 7), (7, 5), (16, 16), (64, 4), (100, 3), (768, 2)]:
        yield f"linear_{inputs}_to_{outputs}", [manual_seed(123), linear(inputs, outputs, False), linear(inputs, outputs, True)]
    yield "linear_sa_v2_of_the_notebook", [manual_seed(789), linear(3, 2, False), linear(3, 2, False), linear(3, 2, False)]
    yield "linear_multi_head_of_the_notebook", [manual_seed(123), *[linear(3, 2, False)] * 3, linear(2, 2, True)]
    yield "linear_with_bias_throughout", [manual_seed(123), *[linear(8, 8, True)] * 3, linear(8, 8, True), rand(1)]
    for rows, cols in [(1, 1), (2, 3), (5, 3), (4, 4), (5, 4), (6, 3), (50, 8)]:
        yield f"embedding_{rows}x{cols}", [manual_seed(123), embedding(rows, cols), rand(1)]
    yield "embedding_tokens_then_positions", [manual_seed(123), embedding(6, 3), embedding(4, 3), linear(3, 2, False)]

    # dropout
    for p in (0.0, 0.1, 0.3, 0.5, 0.9, 1.0):
        for n in (1, 7, 36, 1000):
            yield f"dropout_{p}_of_{n}", [manual_seed(123), dropout(p, n), dropout(p, n), rand(1)]
    yield "dropout_of_the_notebook", [manual_seed(123), dropout(0.5, 6, 6)]
    yield "dropout_between_other_draws", [manual_seed(7), rand(3), dropout(0.2, 2, 4, 4), randn(3), dropout(0.25, 5, 5), randint(0, 100, 4), dropout(0.6, 3), randn(20)]
    for seed in (0, 1, 2**32 - 1):
        yield f"dropout_seed_{seed}", [manual_seed(seed), dropout(0.5, 50), dropout(0.7, 50)]


# --- which PyTorch this is, and writing the files

def build():
    """The dropout mask tells: MKL's has a first row of ones for seed 123 (wheels before 2.7 draw it)."""
    torch.manual_seed(123)
    kept = torch.nn.functional.dropout(torch.ones(6, 6), 0.5)[0].count_nonzero().item()
    return "mkl" if torch.backends.mkl.is_available() and kept == 6 else "generic"


def write(path, about, cases):
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names), "every case needs its own name"
    head = {"about": about, "torch": torch.__version__, "build": build()}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)

    # a reader never meets half a file
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(head, indent=1)[:-2] + ',\n "cases": [\n' + lines + "\n]}\n", encoding="ascii")
    os.replace(temporary, path)
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size:,} bytes, PyTorch {torch.__version__} ({build()})")


def write_printed(path):
    cases = list(printed_cases())
    for case in cases:
        case["text"] = printed(case)
    write(path, "What str(tensor) says for each tensor: float32 as its bits, complex64 as the bits of real and imaginary parts in turn.", cases)


def write_random(path):
    cases = [{"name": name, "calls": [{**call, **answer(call)} for call in calls]} for name, calls in random_cases()]
    write(path, "What the CPU generator draws, the calls of each case in order: float32 as its bits.", cases)


def check_printed(path):
    """Whether this PyTorch prints the committed cases with the very same characters."""
    cases = json.loads(path.read_text())["cases"]
    different = [case for case in cases if printed(case) != case["text"]]
    for case in different:
        print(f"{case['name']}: expected\n{case['text']}\nbut PyTorch {torch.__version__} prints\n{printed(case)}")
    print(f"{path.name}: {len(cases) - len(different)} of {len(cases)} cases print the same with PyTorch {torch.__version__}")
    return not different


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder to write to (default: the folder of this file)")
    parser.add_argument("--check", action="store_true", help="write nothing, only compare how this PyTorch prints")
    options = parser.parse_args()

    printed_path = options.out / "torch_printed.json"
    if options.check:
        sys.exit(not check_printed(printed_path))
    write_random(options.out / f"torch_random_{build()}.json")
    if build() == "mkl":
        write_printed(printed_path)
    elif not check_printed(printed_path):
        sys.exit(1)


if __name__ == "__main__":
    main()
