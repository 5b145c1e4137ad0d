"""Bad arguments end with one sentence, and every command explains itself."""

import pytest

from playground.cli import main
from playground.cli.arguments import one_sentence


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], []),
        (["nope"], ["nope", "train"]),
        (["train", "--d-model", "x"], ["d-model", "'x'"]),
        (["train", "--foo", "3"], ["--foo"]),
        (["train", "--preset", "nope"], ["preset", "nope"]),
        (["train", "--d-model", "65"], ["d_model (65)", "n_heads"]),
        (["train", "--lr", "-1"], ["lr", "-1"]),
        (["train", "--text", "/no/such/file.txt", "--run", "{tmp}/r"], ["/no/such/file.txt"]),
        (["train", "--run", "{tmp}/none", "--resume"], ["nothing to resume"]),
        (["baselines", "--corpus", "nope"], ["nope", "toy-stories"]),
        (["baselines", "--tokenizer", "nope"], ["nope", "bpe"]),
        (["sample", "--run", "nope"], ["nope"]),
        (["sample", "--run", "nope", "--temperature", "-1"], ["temperature", "-1"]),
        (["runs", "--stop", "nope"], ["nope"]),
    ],
)
def test_bad_arguments_end_with_one_line_and_status_2(command, tmp_path, argv, words):
    status, _, err = command(*(word.replace("{tmp}", str(tmp_path)) for word in argv))
    assert status == 2
    last = err.strip().splitlines()[-1] if words else ""
    assert "Traceback" not in err
    assert all(word in last for word in words), err


@pytest.mark.parametrize("name", ["train", "sample", "runs", "baselines", "tokenize", "corpora", "bench"])
def test_help_everywhere(capsys, name):
    try:
        status = main([name, "--help"])
    except SystemExit as stop:
        status = stop.code or 0
    assert status == 0
    assert name in capsys.readouterr().out
    assert main(["--help"]) == 0


def test_one_sentence_out_of_a_frame():
    assert one_sentence("╭─ Error ─╮\n│ Bad thing │\n│ ───────── │\n│ help      │\n╰───╯") == "Bad thing"
    assert one_sentence("Error\n -----\n Bad thing\n -----\n help\n") == "Bad thing"
    assert one_sentence("plain") == "plain"
