"""Parameters, operations, memory and time of a run, predicted from its settings alone."""

from playground.accounting.adapters import adapter_parameters, trainable_parameters
from playground.accounting.advice import check_fits, gigabytes, largest_batch
from playground.accounting.estimates import Estimate, estimate, in_bfloat16
from playground.accounting.flops import (
    flops_per_step,
    flops_per_token,
    forward_flops_per_token,
    training_flops_per_token,
)
from playground.accounting.machine import Machine, load_machine, save_machine
from playground.accounting.memory import memory_parts, peak_bytes
from playground.accounting.parameters import count_parameters, lstm_of_equal_size
from playground.accounting.probes import Probe, is_short, keep_probe, known_probe

__all__ = [
    "Estimate",
    "Machine",
    "Probe",
    "adapter_parameters",
    "check_fits",
    "count_parameters",
    "estimate",
    "flops_per_step",
    "flops_per_token",
    "forward_flops_per_token",
    "gigabytes",
    "in_bfloat16",
    "is_short",
    "keep_probe",
    "known_probe",
    "largest_batch",
    "load_machine",
    "lstm_of_equal_size",
    "memory_parts",
    "peak_bytes",
    "save_machine",
    "trainable_parameters",
    "training_flops_per_token",
]
