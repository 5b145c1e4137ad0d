"""Several processes that train one model, on one machine or more: PyTorch's torchrun starts them.

Each takes its share of the rows of the very batch that one process would draw, DistributedDataParallel
averages the gradients, and rank 0 alone writes the run folder.
"""

from playground.distributed.group import Group, LostProcessError, join
from playground.distributed.launch import launch
from playground.distributed.talk import SharedControl, Word, control_of
from playground.distributed.world import ALONE, World

__all__ = [
    "ALONE",
    "Group",
    "LostProcessError",
    "SharedControl",
    "Word",
    "World",
    "control_of",
    "join",
    "launch",
]
