"""Commands of the run book: sweep, experiment, and what `runs` does with a run that is not training."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playground import runs
from playground.cli.arguments import PROG, RunsArgs, UsageError
from playground.cli.run_folders import new_config, train_args
from playground.run_archive import export_run, import_run
from playground.run_summary import config_of

if TYPE_CHECKING:
    from playground.sweeps import GroupTable

WAIT_SECONDS = 1.0

SWEEP_HELP = f"""usage: {PROG} sweep --vary NAME=VALUE,VALUE,… [--vary …] [FLAGS OF train]
       {PROG} sweep --experiment NAME

Queue one run for each value, or pair of values, of one or two settings.

  --vary NAME=…      a setting by the name of its flag, and its values: --vary lr=1e-3,3e-3
  --experiment NAME  a ready-made experiment, in place of --vary: {{experiments}}
  --group NAME       what the runs are called together
  --wait             wait until all have ended, and print their table

The settings that all runs share are the flags of `train`: `{PROG} train --help` explains them."""


def sweep(argv: Sequence[str]) -> int:
    """Queue runs for several values of some settings: --vary lr=1e-3,3e-3 [--vary …] [flags of train]."""
    own, rest = _take(argv, {"--vary": True, "--group": True, "--wait": False, "--experiment": True})
    from playground import sweeps
    from playground.experiments import EXPERIMENTS, experiment

    if set(rest) & {"-h", "--help"}:
        print(SWEEP_HELP.format(experiments=", ".join(EXPERIMENTS)))
        return 0
    root = runs.runs_root()
    if own["--experiment"]:
        chosen = experiment(own["--experiment"][-1])
        found, name = chosen.variants(), chosen.name
    else:
        config = new_config(train_args(rest, "sweep"), "")
        if not own["--vary"]:
            raise UsageError("sweep needs --vary, as --vary lr=1e-3,3e-3,1e-2, or --experiment.")
        vary = dict(sweeps.parse_vary(text) for text in own["--vary"])
        found, name = sweeps.variants(config, vary), f"sweep of {' and '.join(vary)}"
    made = sweeps.launch(root, (own["--group"] or [name])[-1], found)
    group = runs.read_meta(made[0]).group
    print(f"{len(made)} runs wait in the queue as the group {group!r}:")
    for run in made:
        print(f"  {run.name}")
    if own["--wait"]:
        _wait(made)
        print(table_text(sweeps.group_table(root, group)))
    else:
        print(f'{PROG} runs --group "{group}"')
    return 0


def _take(argv: Sequence[str], flags: dict[str, bool]) -> tuple[dict[str, list[str]], list[str]]:
    """Take some flags out of the arguments: True for those with a value; return theirs, and the rest."""
    found: dict[str, list[str]] = {flag: [] for flag in flags}
    rest, words = [], iter(argv)
    for word in words:
        flag, equals, value = word.partition("=")
        if flag not in flags:
            rest.append(word)
        elif not flags[flag]:
            found[flag].append("yes")
        else:
            found[flag].append(value if equals else next(words, ""))
    return found, rest


def _wait(made: Sequence[Path]) -> None:
    while any(runs.status(run)["state"] in runs.ACTIVE for run in made):
        runs.advance(made[0].parent)
        time.sleep(WAIT_SECONDS)


def table_text(table: GroupTable) -> str:
    """Return a group as lines of text, the best run first."""
    heads = [*table.settings, "loss", "bits/byte", "above n-gram", "tokens/s", "seconds", "state"]
    lines = [heads]
    for summary, values in table.rows:
        figures = (
            (summary.best_val_loss, ".4f"),
            (summary.bits_per_byte, ".4f"),
            (summary.above_ngram, "+.4f"),
            (summary.tokens_per_s, ",.0f"),
            (summary.elapsed_s, ",.1f"),
        )
        cells = [format(value, form) if value is not None else "–" for value, form in figures]
        lines.append([*values, *cells, f"{summary.state} ({summary.name})"])
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) for line in lines)


def followed(args: RunsArgs, root: Path) -> bool:
    """Do with runs what the flags of `runs` say; tell whether there was anything."""
    actions: dict[str, Any] = {
        "cancel": _cancel, "first": _first, "delete": _delete, "restore": _restore, "empty_trash": _empty,
        "pack": _pack, "unpack": _unpack, "command": _command, "script": _script, "group": _group,
        "title": _title, "note": _note,
    }  # fmt: skip
    asked = [(act, getattr(args, name)) for name, act in actions.items() if getattr(args, name)]
    for act, value in asked:
        print(act(root, value))
    return bool(asked)


def _cancel(root: Path, name: str) -> str:
    if not runs.cancel(runs.find(root, name)):
        raise runs.RunError(f"{name} does not wait in the queue.")
    return f"{name} was taken out of the queue."


def _first(root: Path, name: str) -> str:
    runs.move_first(runs.find(root, name))
    return f"{name} is the next one in the queue."


def _delete(root: Path, name: str) -> str:
    runs.delete_run(runs.find(root, name))
    return f"{name} is in the trash: `{PROG} runs --restore {name}` brings it back."


def _restore(root: Path, name: str) -> str:
    token = next((run.token for run in runs.deleted_runs(root) if run.name == name), name)
    return f"Restored as {runs.restore_run(root, token).name}."


def _empty(root: Path, _: bool) -> str:
    return f"{runs.empty_trash(root)} runs were deleted for good."


def _pack(root: Path, value: tuple[str, str]) -> str:
    name, file = value
    export_run(runs.find(root, name), Path(file))
    return f"{name} is packed in {file}."


def _unpack(root: Path, file: str) -> str:
    return f"Imported as {import_run(Path(file), root).name}."


def _config(root: Path, name: str) -> Any:
    config = config_of(runs.find(root, name))
    if config is None:
        raise runs.RunError(f"The config of {name} can't be read.")
    return config


def _command(root: Path, name: str) -> str:
    from playground.reproduce import command_of

    config = _config(root, name)
    return command_of(config, str(root / name / config.data.text_file) if config.data.text_file else "")


def _script(root: Path, name: str) -> str:
    from playground.reproduce import script_of

    return script_of(_config(root, name), name)


def _group(root: Path, group: str) -> str:
    from playground.sweeps import group_table

    table = group_table(root, group)
    if not table.rows:
        raise runs.RunError(f"There is no group of runs named {group!r}.")
    return table_text(table)


def _title(root: Path, value: tuple[str, str]) -> str:
    return f"{value[0]} is titled {runs.change_meta(runs.find(root, value[0]), title=value[1]).title!r}."


def _note(root: Path, value: tuple[str, str]) -> str:
    runs.change_meta(runs.find(root, value[0]), note=value[1])
    return f"The note on {value[0]} is kept."
