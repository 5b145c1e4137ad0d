"""A run as a zip that another playground imports.

Its manifest names every file with its size and hash, so that a damaged or altered archive is refused. A hash
is no signature: whoever makes an archive can put anything into its files. So only files that a run has come
in, under their own names; they are JSON, text, safetensors and arrays of numbers, and none of it is code.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from playground import runs
from playground.admission import check_config
from playground.config import ConfigError, RunConfig
from playground.files import is_number, read_json, write_json_atomic

MANIFEST = "manifest.json"
FORMAT, VERSION = "transformer-playground-run", 1

MAX_FILES = 10_000
MAX_BYTES = 8 * 2**30
MAX_MANIFEST_BYTES = 4 * 2**20
CHUNK = 1 << 20

KNOWN = re.compile(
    r"(config|baselines|status|meta)\.json|log\.txt|[a-z_]{1,40}\.jsonl|evaluations/[0-9a-f]{12}\.jsonl"
    r"|tokenizer/[\w-]{1,60}\.(json|txt)|tokens/(train|val|test)(\.starts|\.learned)?\.npy"
    r"|checkpoints/step-\d{6,12}/(model\.safetensors|optimizer\.safetensors|state\.json)"
    r"|text(\.[a-z0-9]{1,8}|(/[\w-][\w .-]{0,99}){1,8})",
    re.ASCII,
)
"""What a run folder has: settings and records, tokenizer, tokens and checkpoints, a text of its own."""

OWN_TEXT = re.compile(r"text(\.[a-z0-9]{1,8})?", re.ASCII)
"""Names under which a run holds its own text."""

IMPORTING = ".importing"


DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError, UnicodeDecodeError,
    FileExistsError, NotADirectoryError,
)  # fmt: skip
"""What reading a zip that is none, or was bent, can raise; the last two where a file is named as a folder."""


class ArchiveError(ValueError):
    """A run that can't be packed, or an archive that can't be imported; the message is one sentence."""


def export_run(run: Path, out: Path | BinaryIO) -> None:
    """Write a run as a zip; raises ArchiveError for one that is under way, or has its text elsewhere.

    Raises RunError if whoever asks may not have its text.
    """
    runs.require_text(run)
    state = runs.status(run)["state"]
    if state in ("queued", "preparing", "running"):
        raise ArchiveError(f"{run.name} is {state}: pause or stop it first, then take it away.")
    _check_config((run / "config.json").read_text(encoding="utf-8"))
    files: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(run.rglob("*")):
            name = path.relative_to(run).as_posix()
            known = KNOWN.fullmatch(name) is not None
            if path.is_file() and name.startswith("text/") and (not known or path.is_symlink()):
                raise ArchiveError(f"The text of {run.name} has {name!r} in it, which can't be packed.")
            if path.is_file() and known and not path.is_symlink():
                files[name] = _pack(archive, path, name)
        manifest = {"format": FORMAT, "version": VERSION, "name": run.name, "files": files}
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))


def _pack(archive: zipfile.ZipFile, path: Path, name: str) -> dict[str, Any]:
    """Add a file and return its size and hash, of just what went in."""
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(name)
    is_dense = name.endswith(".safetensors")
    info.compress_type = zipfile.ZIP_STORED if is_dense else zipfile.ZIP_DEFLATED
    with open(path, "rb") as source, archive.open(info, "w", force_zip64=True) as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest()}


def import_run(source: Path | BinaryIO, root: Path) -> Path:
    """Unpack an archive into a new run folder and return it.

    Raises ArchiveError if it is no such archive, or not just as it was packed; nothing is left behind then.
    """
    folder = root / IMPORTING / f"{os.getpid()}-{time.time_ns()}"
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _manifest(archive)
            _check_entries(archive, manifest["files"], shutil.disk_usage(root).free)
            for name, wanted in manifest["files"].items():
                _unpack(archive, name, wanted, folder / name)
        _settle(folder)
        return runs.move_to_free_name(folder, root, manifest["name"])
    except DAMAGED as error:
        raise ArchiveError(f"This is no archive of a run, or it is damaged: {error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the manifest, its shape checked."""
    if MANIFEST not in archive.namelist():
        raise ArchiveError(f"This is no archive of a run: it has no {MANIFEST}.")
    with archive.open(MANIFEST) as file:
        text = file.read(MAX_MANIFEST_BYTES + 1)
    try:
        manifest = json.loads(text) if len(text) <= MAX_MANIFEST_BYTES else None
    except (ValueError, RecursionError):
        manifest = None
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or not isinstance(files, dict):
        raise ArchiveError("This is no archive of a run: its manifest is of another kind.")
    if manifest.get("version") != VERSION:
        raise ArchiveError(f"This archive is of version {manifest.get('version')!r}, not {VERSION}.")
    if not isinstance(manifest.get("name"), str) or not all(map(_is_entry, files.values())):
        raise ArchiveError("This is no archive of a run: its manifest is garbled.")
    return manifest


def _is_entry(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and type(value.get("bytes")) is int
        and value["bytes"] >= 0
        and isinstance(value.get("sha256"), str)
    )


def _check_entries(archive: zipfile.ZipFile, files: dict[str, Any], free: int) -> None:
    """Refuse entries that a run does not have, that the manifest does not name, or that are too large."""
    entries = [info for info in archive.infolist() if info.filename != MANIFEST]
    if len(entries) != len(files) or {info.filename for info in entries} != set(files):
        raise ArchiveError("The archive was altered: its files are not those that its manifest names.")
    if len(files) > MAX_FILES or "config.json" not in files:
        raise ArchiveError(f"An archive of a run has a config.json and at most {MAX_FILES:,} files.")
    for info in entries:
        if not KNOWN.fullmatch(info.filename) or info.is_dir() or _is_special(info):
            raise ArchiveError(f"The archive has {info.filename[:80]!r}, which is no file of a run.")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"{info.filename} is encrypted, or packed in a way that is not read here.")
        if info.file_size != files[info.filename]["bytes"]:
            raise ArchiveError(f"The archive was altered: {info.filename} has another size.")
    total = sum(info.file_size for info in entries)
    if total > min(MAX_BYTES, free):
        raise ArchiveError(f"The archive unpacks to {total / 1e9:.1f} GB: there is no room for that.")


def _is_special(info: zipfile.ZipInfo) -> bool:
    """Tell whether an entry is a link, a device or anything else but a plain file."""
    kind = info.external_attr >> 28
    return kind not in (0, 0o10)


def _unpack(archive: zipfile.ZipFile, name: str, wanted: dict[str, Any], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with archive.open(name) as packed, open(target, "xb") as file:
        while chunk := packed.read(CHUNK):
            size += len(chunk)
            if size > wanted["bytes"]:
                raise ArchiveError(f"The archive was altered: {name} is larger than it says.")
            digest.update(chunk)
            file.write(chunk)
    if size != wanted["bytes"] or digest.hexdigest() != wanted["sha256"]:
        raise ArchiveError(f"The archive was altered: {name} is not what was packed.")


def _check_config(text: str) -> RunConfig:
    """Return a config whose text, if it is a file, lies in the run's own folder."""
    try:
        config = RunConfig.from_json(text)
    except (ConfigError, RecursionError) as error:
        raise ArchiveError(f"The run's config can't be used: {error}") from error
    name = config.data.text_file
    if name and not OWN_TEXT.fullmatch(name):
        raise ArchiveError(f"The run's text is {name[:80]!r}, outside of its folder: it can't travel.")
    return config


def _settle(folder: Path) -> None:
    """Check the settings of an unpacked run against the limits too, and note that nobody works on it here."""
    config = _check_config((folder / "config.json").read_text(encoding="utf-8"))
    check_config(config)
    status = read_json(folder / "status.json") or {}
    state = status.get("state") if status.get("state") in ("finished", "failed") else "stopped"
    said = str(status.get("reason") or "")[:2000] if state != "stopped" else "Imported."
    known = {key: status[key] for key in KEPT_NUMBERS if is_number(status.get(key))}
    crossings = status.get("crossings")
    known["crossings"] = crossings if isinstance(crossings, list) else []
    here = {"state": state, "reason": said, "total_steps": config.train.steps, "created": time.time()}
    write_json_atomic(folder / "status.json", {**known, **here})
    meta = runs.read_meta(folder)
    write_json_atomic(folder / runs.META_FILE, {"title": meta.title, "note": meta.note})


KEPT_NUMBERS = (
    "step", "latest", "best", "best_val_loss", "elapsed_s", "tokens_per_s", "threads", "generation",
)  # fmt: skip
