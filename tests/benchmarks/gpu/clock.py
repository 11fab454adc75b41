"""Time on a GPU: CUDA graphs, cold caches, all contenders in turn."""

import torch

from shared.problem import one_line
from shared.progress import say
from shared.samples import Times, in_turn

SAMPLES, WARM_UP = 30, 3
LONGEST_GRAPH = 500e-6  # seconds of a call: longer ones hide the time that launching them takes


class Clock:
    def __init__(self, cache_bytes):
        # Written before every sample: it leaves the cache cold, and keeps the GPU busy until the work is enqueued.
        self.filler = torch.empty(cache_bytes, dtype=torch.float32, device="cuda")  # four bytes each: four times the cache
        self.begin, self.end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def seconds(self, work):
        self.filler.fill_(1.0)
        self.begin.record()
        work()
        self.end.record()
        self.end.synchronize()
        return self.begin.elapsed_time(self.end) / 1000

    def prepared(self, who, ring):
        """What to time for the calls of `ring`, one after another: a recorded graph of them, where they are short."""
        def one_after_another():
            for call in ring:
                call()
        for _ in range(WARM_UP):
            one_after_another()
        if self.seconds(one_after_another) / len(ring) > LONGEST_GRAPH:
            return one_after_another
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
                one_after_another()
        except RuntimeError as error:
            say(f"{who}: timed call by call, since CUDA cannot record it: {one_line(error)}")
            return one_after_another
        graph.replay()
        return graph.replay

    def compare(self, rings):
        """`rings` are calls by name, one for each set of inputs. Gives the Times of one call, by name."""
        works = {who: self.prepared(who, ring) for who, ring in rings.items()}
        taken = {who: [] for who in rings}
        for who in in_turn(list(rings), 1):
            self.seconds(works[who])
        for who in in_turn(list(rings), SAMPLES):
            taken[who].append(self.seconds(works[who]) / len(rings[who]))
        return {who: Times.of(samples) for who, samples in taken.items()}
