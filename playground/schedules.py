"""The learning rate at a step, by formula."""

from __future__ import annotations

import math

from playground.config import OptimConfig


def cosine_lr(step: int, lr_max: float, lr_min: float, warmup_steps: int, decay_steps: int) -> float:
    """Rise from 0 to lr_max over the warmup, fall as half a cosine to lr_min at decay_steps, stay there."""
    if step < warmup_steps:
        return lr_max * step / warmup_steps
    if step >= decay_steps:
        return lr_min
    progress = (step - warmup_steps) / (decay_steps - warmup_steps)
    return lr_max - 0.5 * (1 - math.cos(math.pi * progress)) * (lr_max - lr_min)


def linear_lr(step: int, lr_max: float, lr_min: float, warmup_steps: int, decay_steps: int) -> float:
    """Rise from 0 to lr_max over the warmup, fall in a straight line to lr_min at decay_steps, stay there."""
    if step < warmup_steps:
        return lr_max * step / warmup_steps
    if step >= decay_steps:
        return lr_min
    progress = (step - warmup_steps) / (decay_steps - warmup_steps)
    return lr_max + progress * (lr_min - lr_max)


def constant_lr(step: int, lr_max: float, warmup_steps: int = 0) -> float:
    """Rise from 0 to lr_max over the warmup, stay there."""
    return lr_max * step / warmup_steps if step < warmup_steps else lr_max


def wsd_lr(
    step: int, lr_max: float, lr_min: float, warmup_steps: int, decay_steps: int, decay_share: float = 0.2
) -> float:
    """Warm up, stay at lr_max, and fall in a straight line over the last share (Hu et al. 2024, MiniCPM)."""
    decay_start = max(warmup_steps, round(decay_steps * (1 - decay_share)))
    if step < decay_start:
        return constant_lr(step, lr_max, warmup_steps)
    return linear_lr(step - decay_start, lr_max, lr_min, 0, decay_steps - decay_start)


def lr_at(step: int, config: OptimConfig, total_steps: int) -> float:
    """Return the configured learning rate of a step; step 0 already learns a little.

    The formulas give 0 at step 0, which would waste a step: step n of a run takes their value at n + 1.
    """
    step, warmup = step + 1, min(config.warmup_steps, total_steps)
    if config.schedule == "constant":
        return constant_lr(step, config.lr, warmup)
    formula = {"cosine": cosine_lr, "linear": linear_lr, "wsd": wsd_lr}[config.schedule]
    return formula(step, config.lr, config.lr_min, warmup, total_steps)


def changed_lr(step: int, config: OptimConfig, total_steps: int, lr: float, changed_at: int) -> float:
    """Return the rate of a step after it was set to `lr` by hand at an earlier one.

    The new rate holds at once, a warmup under way is over, and from there on it falls in the same
    proportion as the schedule does; where the schedule has come down to 0, it stays.
    """
    after_warmup = min(config.warmup_steps, total_steps) - 1
    then, now = (lr_at(max(s, after_warmup, 0), config, total_steps) for s in (changed_at, step))
    return lr * now / then if then else lr
