"""`export`: a run as a Hugging Face folder, here or on the Hub."""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playground.cli.arguments import ExportArgs, UsageError, parse
from playground.cli.run_folders import find_run


def export(argv: Sequence[str]) -> int:
    """Write a run as a Hugging Face folder, or push it to the Hub."""
    args = parse(ExportArgs, argv, "export")
    if not args.out and not args.push:
        raise UsageError("Say where to: --out FOLDER, or --push USER/NAME for the Hub.")
    run, token = find_run(args.run), _token() if args.push else ""
    with tempfile.TemporaryDirectory(prefix="playground-export-") as temporary:
        from playground.export import export_run, push_folder, zip_folder

        is_zip = args.out.lower().endswith(".zip")
        if is_zip and Path(args.out).exists():
            raise UsageError(f"{args.out} is there already: name another file, or delete it first.")
        folder = Path(args.out) if args.out and not is_zip else Path(temporary) / run.name
        loaded = export_run(run, folder, None if args.step < 0 else args.step)
        if is_zip:
            zip_folder(folder, Path(args.out))
        if args.out:
            print(f"{run.name}, step {loaded.step}, is in {args.out}")
        if args.push:
            print(push_folder(folder, args.push, token, private=not args.public))
    return 0


def _token() -> str:
    """Return the token of the environment, or one that is typed and not shown."""
    token = os.environ.get("HF_TOKEN", "")
    if token:
        return token
    if not sys.stdin.isatty():
        raise UsageError("There is no token: set HF_TOKEN to one that may write to the Hub.")
    return getpass.getpass("Token of your Hub account, with the right to write (not shown): ")
