import dataclasses

import pytest

from playground.accounting.seconds import evaluation_seconds, step_seconds, sum_of_pieces, threads_of
from tests.accounting_parts import a_machine, with_vocabulary


def test_the_threads_are_those_that_a_run_would_choose():
    config, machine = with_vocabulary("fast", 500), a_machine()
    alone = {name: tuple((size, 2 * t) for size, t in points) for name, points in machine.seconds.items()}
    both = dataclasses.replace(machine, alone=alone)
    assert step_seconds(config, both) == step_seconds(config, machine)
    barely = {name: tuple((size, 1.1 * t) for size, t in points) for name, points in machine.seconds.items()}
    slower = dataclasses.replace(machine, alone=barely)
    assert step_seconds(config, slower) > step_seconds(config, machine), "one thread is nearly as fast"
    assert (threads_of(config, both), threads_of(config, slower)) == (2, 1)
    two = with_vocabulary("fast", 500, threads=2)
    assert step_seconds(two, slower) == step_seconds(two, machine)


def test_pieces_take_together_what_whole_steps_took():
    config, machine = with_vocabulary("fast", 500), a_machine()
    alone = sum_of_pieces(config, machine.seconds)
    for factor in (1.0, 1.3):
        whole = ((alone / 10, factor * alone / 10), (alone * 10, factor * alone * 10))
        found = step_seconds(config, dataclasses.replace(machine, seconds={**machine.seconds, "step": whole}))
        assert found == pytest.approx(factor * alone)
    small = ((alone * 10, alone * 15), (alone * 100, alone * 100))
    found = step_seconds(config, dataclasses.replace(machine, seconds={**machine.seconds, "step": small}))
    assert found == pytest.approx(1.5 * alone), "below the smallest as there"


def test_evaluations_take_a_third_of_a_batch_each():
    config = with_vocabulary(
        "fast", 500, eval_every=10, checkpoint_every=15, eval_sequences=16, batch_size=8, accumulate=2
    )
    assert evaluation_seconds(config, 6.0) * 30 == pytest.approx(4 * 2 * 1.0)  # at 10, 15, 20 and 30
