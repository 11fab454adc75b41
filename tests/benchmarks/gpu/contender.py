"""One row of a table before it is timed: a rung of ours or a peer, which can be made ready on a set of inputs."""

import functools

import torch

# Above these a result is another computation's. Peers round scores to bf16 too, hence more.
RUNG_TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 3e-3}
PEER_TOLERANCE = 2e-2


class Ready:
    """`run` enqueues the work on the current stream; `results` are its tensors, as the reference has them."""

    def __init__(self, run, results):
        self.run, self.results = run, results


class Contender:
    """`make` gives the function that makes a set of inputs Ready; it is called once, since it may compile."""

    def __init__(self, who, is_peer, dtype, make):
        self.who, self.is_peer, self.dtype = who, is_peer, dtype
        self.make = functools.cache(make)
        self.tolerance = PEER_TOLERANCE if is_peer else RUNG_TOLERANCE[dtype]

    def ready(self, inputs):
        return self.make()(inputs)


def rung(who, dtype, prepare):
    return Contender(who, False, dtype, lambda: prepare)


def peer(who, make_function, arguments, results):
    """`arguments` makes them of a set of inputs; `results` are the reference's, of those and what the function returns."""
    def make():
        function = make_function()

        def prepare(inputs):
            given, returned = arguments(inputs), []

            def run():
                returned[:] = [function(*given)]
            return Ready(run, lambda: results(given, returned[0]))
        return prepare
    return Contender(who, True, torch.bfloat16, make)
