"""The command `estimate`: what a run takes, before it is started."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from playground import presets
from playground.accounting import (
    Estimate,
    Machine,
    Probe,
    estimate,
    gigabytes,
    is_short,
    known_probe,
    load_machine,
    save_machine,
)
from playground.accounting.seconds import threads_of
from playground.cli.arguments import EstimateArgs, UsageError, parse, with_source
from playground.cli.run_folders import flag_value
from playground.config import DataConfig, RunConfig

BILLION, TRILLION = 10**9, 10**12


def estimate_run(argv: Sequence[str]) -> int:
    """Predict parameters, memory, operations and time of a run."""
    base = presets.preset(flag_value(argv, "--preset") or presets.DEFAULT_PRESET).config
    parts = {"data": base.data, "optim": base.optim, "train": base.train}
    args = parse(
        EstimateArgs,
        argv,
        "estimate",
        EstimateArgs(model=base.model.underived(), preset=base.preset, **parts),
    )
    if args.mfu and not args.tflops:
        raise UsageError("--mfu is a share of --tflops: give the peak of the device too.")
    d_vocab = args.model.d_vocab or vocabulary_size(with_source(args.data, args.text))
    model = dataclasses.replace(args.model, d_vocab=d_vocab)
    config = RunConfig(model=model, data=args.data, optim=args.optim, train=args.train, preset=args.preset)
    described = {
        "memory_bytes": round(args.memory_gb * BILLION),
        "flops_per_second": args.tflops * TRILLION,
        "mfu": args.mfu,
    }
    machine = None if args.tflops and args.memory_gb else known_machine(again=args.calibrate)
    probe = known_or_new_probe(config, machine, again=args.calibrate) if machine and not args.tflops else None
    found = estimate(config, machine, probe, **described)
    if args.json:
        print(json.dumps(dataclasses.asdict(found), indent=1))
    else:
        print(table(config, found, machine, probe))
    return 0 if found.fits else 1


def known_machine(*, again: bool = False) -> Machine:
    """Return what was measured of this machine; the first time, or `again`, it is measured now."""
    machine = None if again else load_machine()
    if machine is None:
        from playground.devices import pick_device
        from playground.measure import measure_machine

        machine = measure_machine(pick_device("auto"))
        save_machine(machine)
    return machine


def known_or_new_probe(config: RunConfig, machine: Machine, *, again: bool = False) -> Probe | None:
    """Return what steps of this shape take here, timed now if they were not yet, or `again`."""
    known = None if again else known_probe(config, machine)
    if known is not None or not is_short(config, machine):
        return known
    from playground.probe import probe

    return probe(config, machine)


def vocabulary_size(data: DataConfig) -> int:
    """Return the size of a run's vocabulary; one that is learned needs its text, and so takes a while."""
    from playground import tokenizers
    from playground.prepare import prepare

    if tokenizers.is_learned(data.tokenizer):
        return prepare(data).tokenizer.d_vocab
    return tokenizers.build_tokenizer(data.tokenizer, [], end_token=True).d_vocab


def table(config: RunConfig, found: Estimate, machine: Machine | None, probe: Probe | None = None) -> str:
    """Return an estimate as lines of text."""
    lines = ["Parameters"]
    lines += [f"  {part:<14}{count:>18,}" for part, count in found.parameters.items() if count]
    if config.train.lora_rank:
        lines += [f"  {'trained':<14}{found.trainable:>18,}"]
    lines += ["Memory at the most, in training"]
    lines += [f"  {part:<14}{gigabytes(count):>18}" for part, count in found.memory.items() if count]
    if found.memory_available:
        lines += [f"  {'available':<14}{gigabytes(found.memory_available):>18}"]
        lines += [f"  {'largest batch':<14}{found.largest_batch:>18,}"]
    lines += ["Floating-point operations a step"]
    lines += [f"  {part:<14}{count:>18.4g}" for part, count in found.flops.items()]
    lines += ["Tokens"]
    lines += [f"  {'a step':<14}{found.tokens_per_step:>18,}"]
    lines += [f"  {'in all':<14}{found.tokens_per_step * config.train.steps:>18,}"]
    lines += [f"  {'per parameter':<14}{found.tokens_per_parameter:>18.3g}"]
    if found.step_seconds is not None and found.run_seconds is not None:
        lines += [f"Time ({_measured_how(config, machine, probe)})"]
        lines += [f"  {'a step':<14}{duration(found.step_seconds):>18}"]
        lines += [f"  {f'{config.train.steps:,} steps':<14}{duration(found.run_seconds):>18}"]
        lines += [f"  {'MFU':<14}{found.mfu:>18.1%}"]
    return "\n".join([*lines, found.advice] if found.advice else lines)


def _measured_how(config: RunConfig, machine: Machine | None, probe: Probe | None) -> str:
    if machine is None:
        return "as described"
    threads = probe.threads if probe else threads_of(config, machine)
    how = "steps of this shape timed" if probe else "pieces timed"
    return f"{machine.device}{f', CPU threads: {threads}' if machine.device == 'cpu' else ''}; {how}"


def duration(seconds: float) -> str:
    """Return seconds in the unit that suits them."""
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
