from playground.ui.monitor.lines import baseline_lines, crossing_marks, duration, event_marks, levels_of


def test_crossings_are_told_in_a_sentence():
    lines = baseline_lines({"uniform": 6.0, "bigram": 3.0, "held_out": {"bigram": 3.2}, "floor": 1.0})
    marks = crossing_marks(
        [
            {"line": "bigram", "kind": "held_out", "step": 1200, "elapsed_s": 61.2, "loss": 3.1},
            {"line": "floor", "kind": "held_out", "step": 3, "elapsed_s": 1, "loss": 0.9},
            {"line": "5-gram", "kind": "held_out", "step": 4, "elapsed_s": 2, "loss": 0.9},
        ],
        lines,
    )
    assert marks[0]["text"] == (
        "Validation loss passed the held-out bigram line at step 1,200, after 1 min 1 s."
    )
    assert (marks[0]["step"], marks[0]["seconds"], marks[0]["y"]) == (1200, 61.2, 3.1)
    assert marks[1]["text"] == "Validation loss passed the floor at step 3, after 1 s."
    assert len(marks) == 2, "a line that isn't drawn has no mark"
    assert crossing_marks("garbled", lines) == []


def test_events_are_told_in_a_few_words():
    events = [
        {"step": 10, "event": "lr", "from": 0.001, "to": 0.0005},
        {"step": 20, "event": "branched", "origin": "demo@500"},
        {"step": 30, "event": "something_new"},
        {"step": "x", "event": "paused"},
        {"step": 3},
    ]
    assert [mark["text"] for mark in event_marks(events)] == [
        "learning rate 0.001 → 0.0005",
        "branched from demo@500",
        "something_new",
    ]


def test_the_strongest_ngram_is_the_lowest():
    levels = levels_of({"held_out": {"unigram": 5.0, "trigram": 2.0, "5-gram": 2.1}, "floor": 1.5})
    assert levels == (2.0, 1.5)
    assert levels_of({"held_out": "x", "floor": None}) == (None, None)


def test_durations():
    assert [duration(s) for s in (5.6, 80, 7500)] == ["6 s", "1 min 20 s", "2 h 5 min"]
