"""Whose a run is: who may see it, and who may change it, where strangers share a playground.

A visitor is known by a secret that the browser makes up and keeps. Its hash stands in the run's owner.json,
which is never exported. A run without an owner was put there by whoever runs the playground: all may see it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.files import read_json, write_json_atomic
from playground.locks import hold
from playground.runs.errors import RunError

OWNER_FILE = "owner.json"
SHORTEST_SECRET = 20


@dataclass(frozen=True)
class Visitor:
    """Somebody whose page asks."""

    owner: str = ""
    """Hash of the secret; nothing for a page that sent none."""
    keys: frozenset[str] = frozenset()
    """Keys of runs that were shared with this visitor."""


def everybody() -> None:
    """Make no difference between people: on the command line, in a worker, on one's own machine."""


class Asker:
    """Who asks right now, None where that makes no difference; a public page puts a function here."""

    ask: Callable[[], Visitor | None] = staticmethod(everybody)


def owner_of_secret(secret: str) -> str:
    """Return the hash under which the runs of a secret are kept; nothing for one that could be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest() if len(secret) >= SHORTEST_SECRET else ""


def claim(run: Path) -> None:
    """Note in a new run folder whose it is."""
    asker = Asker.ask()
    if asker is not None and asker.owner:
        write_json_atomic(run / OWNER_FILE, {"owner": asker.owner}, durable=True)


def read_owner(run: Path) -> str:
    """Return the hash of a run's owner; nothing if it has none, and a mark of nobody if it is garbled."""
    if not (run / OWNER_FILE).exists():
        return ""
    owner = _read(run).get("owner")
    return owner if isinstance(owner, str) and owner else "unknown"


def may_change(run: Path, visitor: Visitor) -> bool:
    """Tell whether a run is this visitor's own."""
    return bool(visitor.owner) and _equal(read_owner(run), visitor.owner)


def may_see(run: Path, visitor: Visitor) -> bool:
    """Tell whether a visitor may look at a run: an own one, a published one, or one that was shared."""
    if may_change(run, visitor) or not read_owner(run):
        return True
    found = _read(run)
    return found.get("published") is True or _opens(visitor.keys, found.get("key"))


def is_seen(run: Path) -> bool:
    """Tell whether whoever asks may look at a run."""
    asker = Asker.ask()
    return asker is None or may_see(run, asker)


def is_own(run: Path) -> bool:
    """Tell whether whoever asks may change a run."""
    asker = Asker.ask()
    return asker is None or may_change(run, asker)


def require_own(run: Path) -> None:
    """Raise RunError unless whoever asks may change a run."""
    if not is_own(run):
        raise RunError(f"{run.name} is not yours: you can watch it, and only its owner can change it.")


def may_have_text(run: Path) -> bool:
    """Tell whether whoever asks may have the text of a run: what an owner uploaded stays theirs."""
    data = (read_json(run / "config.json") or {}).get("data", {})
    return is_own(run) or (isinstance(data, dict) and data.get("corpus") != "text")


def require_text(run: Path) -> None:
    """Raise RunError unless whoever asks may have the text of a run."""
    if not may_have_text(run):
        raise RunError(f"{run.name} learned a text of its owner's own, which is not handed on.")


def _opens(keys: Collection[str], key: Any) -> bool:
    return isinstance(key, str) and bool(key) and any(_equal(key, each) for each in keys)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def share_key(run: Path) -> str:
    """Return the key that lets others look at a run, made when it is first asked for."""
    require_own(run)
    with hold(run / ".owner.lock"):
        found = _read(run)
        if not isinstance(found.get("key"), str):
            found["key"] = secrets.token_urlsafe(16)
            write_json_atomic(run / OWNER_FILE, found, durable=True)
    return found["key"]


def unshare(run: Path) -> None:
    """Let the key of a run open it no more."""
    require_own(run)
    with hold(run / ".owner.lock"):
        kept = {name: value for name, value in _read(run).items() if name != "key"}
        write_json_atomic(run / OWNER_FILE, kept, durable=True)


def publish(run: Path, published: bool) -> None:
    """Show a run to everybody, or to its owner and those it was shared with again."""
    require_own(run)
    with hold(run / ".owner.lock"):
        write_json_atomic(run / OWNER_FILE, {**_read(run), "published": published}, durable=True)


def is_published(run: Path) -> bool:
    """Tell whether everybody sees a run."""
    return not read_owner(run) or _read(run).get("published") is True


def _read(run: Path) -> dict[str, Any]:
    return read_json(run / OWNER_FILE) or {}
