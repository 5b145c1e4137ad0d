from playground.crossings import CrossingWatch

BASELINES = {
    "uniform": 4.0,
    "unigram": 3.0,
    "bigram": 2.0,
    "held_out": {"unigram": 3.5, "bigram": 2.5},
    "floor": 1.0,
}


def found(records):
    watch = CrossingWatch(BASELINES)
    for record in records:
        watch.watch(record)
    return {(f["kind"], f["line"]): f["step"] for f in watch.found}


def test_validation_crosses_held_out_lines_and_training_in_sample_ones():
    records = [
        {"step": s, "elapsed_s": s / 10, "train_loss": 4.105 - 0.01 * s}
        | ({"val_loss": 4.105 - 0.01 * s} if s % 20 == 0 else {})
        for s in range(0, 401)
    ]
    steps = found(records)
    assert steps["held_out", "unigram"] == 80
    assert steps["held_out", "bigram"] == 180
    assert steps["held_out", "floor"] == 320
    assert 11 <= steps["in_sample", "uniform"] <= 40
    assert 111 <= steps["in_sample", "unigram"] <= 140, "the average lags the loss by its length"
    assert ("held_out", "uniform") not in steps
    assert ("held_out", "trigram") not in steps, "a line that isn't known isn't crossed"


def test_one_lucky_batch_is_no_crossing():
    records = [{"step": s, "elapsed_s": s, "train_loss": 4.0} for s in range(50)]
    records[30]["train_loss"] = 0.5
    assert ("in_sample", "unigram") not in found(records)


def test_a_line_is_crossed_once_and_only_from_above():
    losses = [3.6, 3.4, 3.6, 3.4]
    records = [{"step": s, "elapsed_s": s, "val_loss": loss} for s, loss in enumerate(losses)]
    assert found(records) == {("held_out", "unigram"): 1}
    assert found([{"step": 0, "elapsed_s": 0, "val_loss": 1.5}]) == {}


def test_long_ngrams_are_lines_for_the_validation_loss_alone():
    watch = CrossingWatch({"4-gram": 1.0, "5-gram": 0.5, "held_out": {"4-gram": 2.0, "5-gram": 1.8}})
    for step, loss in enumerate((3.0, 1.9, 0.1)):
        watch.watch({"step": step, "elapsed_s": 1.0, "train_loss": loss, "val_loss": loss})
    found = [(crossing["kind"], crossing["line"], crossing["step"]) for crossing in watch.found]
    assert found == [("held_out", "4-gram", 1), ("held_out", "5-gram", 2)]
