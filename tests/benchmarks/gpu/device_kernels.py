"""Which kernels a call really runs, as the profiler sees them."""

import re

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from shared.problem import one_line


def short(name):
    """Without template arguments and parameters."""
    return re.split(r"[<(]", name.replace("(anonymous namespace)::", "").removeprefix("void "))[0]


def kernels_of(run):
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * torch.cuda.is_available()
    try:
        with profile(activities=activities) as seen:
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
    except RuntimeError as error:
        return [f"not known, the profiler says: {one_line(error)}"]
    return list(dict.fromkeys(short(event.name) for event in seen.events() if event.device_type == DeviceType.CUDA))
