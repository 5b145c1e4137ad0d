"""The command line: everything the page does, without the page.

Heavy libraries are imported by the command that needs them: `runs` and `--help` answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from playground import runs
from playground.cli import (
    estimate_command,
    evaluate_command,
    export_command,
    lr_range_command,
    run_book,
    run_commands,
    text_commands,
)
from playground.cli.arguments import PROG, UsageError
from playground.config import ConfigError
from playground.files import explain_os_error

BAD_ARGUMENTS = 2

COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "corpora": text_commands.corpora,
    "documents": text_commands.documents,
    "tokenize": text_commands.tokenize,
    "prepare": run_commands.prepare,
    "baselines": text_commands.baselines,
    "estimate": estimate_command.estimate_run,
    "lr-range": lr_range_command.find_rate,
    "train": run_commands.train,
    "import": run_commands.import_model,
    "sample": run_commands.sample,
    "evaluate": evaluate_command.evaluate,
    "export": export_command.export,
    "runs": run_commands.list_runs,
    "sweep": run_book.sweep,
    "bench": run_commands.bench,
}


def usage() -> str:
    """Return the list of commands."""
    rows = "\n".join(f"  {name:10} {(run.__doc__ or '').splitlines()[0]}" for name, run in COMMANDS.items())
    return f"usage: {PROG} COMMAND [FLAGS]\n\n{rows}\n\n`{PROG} COMMAND --help` explains every flag."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 2 bad arguments, 130 stopped, 1 anything else."""
    argv = list(sys.argv[1:] if argv is None else argv)
    argv = argv[1:] if argv[:1] == ["--"] else argv  # torchrun -m playground -- train ...
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        return 0 if argv else BAD_ARGUMENTS
    if argv[0] not in COMMANDS:
        return _refuse(f"there is no command {argv[0]!r}: it is one of {', '.join(COMMANDS)}.")
    try:
        return COMMANDS[argv[0]](argv[1:])
    except (UsageError, ConfigError, runs.RunError, ValueError) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(explain_os_error(error, Path(error.filename or ".")))
    except KeyboardInterrupt:
        return 130


def _refuse(message: str) -> int:
    print(f"{PROG}: {message}", file=sys.stderr)
    return BAD_ARGUMENTS
