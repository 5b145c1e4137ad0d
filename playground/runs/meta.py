"""What people say of a run: its title, a note, whether it is pinned, the group it belongs to.

It stands in meta.json, beside the config that decides how the run turns out and is never touched for it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.files import read_json, write_json_atomic
from playground.locks import hold
from playground.runs.folders import RunError, list_runs
from playground.runs.owners import require_own

META_FILE = "meta.json"


@dataclass(frozen=True)
class Meta:
    """What people say of a run."""

    title: str = ""
    """Shown in place of the folder's name, which stays."""
    note: str = ""
    pinned: bool = False
    group: str = ""
    """Name of the sweep or experiment that the run is part of."""


LONGEST = {"title": 120, "note": 4000, "group": 60}
"""Characters of each text."""


def read_meta(run: Path) -> Meta:
    """Return what is said of a run; what is missing or of another kind is empty."""
    found = read_json(run / META_FILE) or {}
    kept = {name: value for name, value in found.items() if _is_kind(name, value)}
    return Meta(**{name: value[: LONGEST[name]] if name in LONGEST else value
                   for name, value in kept.items()})  # fmt: skip


def _is_kind(name: str, value: Any) -> bool:
    """Tell whether a value can stand under a name: there is such a field, and it is of its kind."""
    return name in Meta.__dataclass_fields__ and isinstance(value, type(getattr(Meta(), name)))


def change_meta(run: Path, **changes: Any) -> Meta:
    """Change some of what is said of a run; raises RunError for a text that is too long or no such field."""
    require_own(run)
    for name, value in changes.items():
        if not _is_kind(name, value):
            raise RunError(f"{name} of a run can't be {value!r}.")
        if isinstance(value, str) and len(value) > LONGEST[name]:
            raise RunError(f"{name} has {len(value):,} characters: at most {LONGEST[name]:,} are kept.")
    with hold(run / ".meta.lock"):
        meta = dataclasses.replace(read_meta(run), **changes)
        write_json_atomic(run / META_FILE, dataclasses.asdict(meta), durable=True)
    return meta


def group_runs(root: Path, group: str) -> list[Path]:
    """Return the runs of a group, oldest first."""
    return [run for run in reversed(list_runs(root)) if group and read_meta(run).group == group]
