"""A small Hub on this machine: the part of the Hugging Face Hub's API that the real clients use to read.

    with HubServer() as hub:
        hub.add_dataset("me/poems", {"train.jsonl": b'{"text": "..."}'})
        hub.add_model("me/model", Path("folder"))
        subprocess.run([...], env=hub.environment(tmp_path))

`huggingface_hub` reads HF_ENDPOINT when it is imported, so its users are run as processes of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_uploads import answer_upload

Files = Mapping[str, bytes | Path]


@dataclass
class Repo:
    """A repository: the files of each of its branches."""

    kind: str
    name: str
    gated: bool = False
    branches: dict[str, dict[str, bytes | Path]] = field(default_factory=dict)

    def files(self, revision: str) -> dict[str, bytes | Path] | None:
        """Return the files of a branch or commit."""
        commits = {self.commit(branch): files for branch, files in self.branches.items()}
        return self.branches.get(revision) or commits.get(revision)

    def commit(self, revision: str) -> str:
        """Return the commit of a branch, or the commit itself."""
        if revision not in self.branches:
            return revision
        digest = hashlib.sha1(f"{self.kind}/{self.name}@{revision}".encode())
        for path, data in sorted(self.branches[revision].items()):
            digest.update(f"{path}\0{oid(data)}\0".encode())
        return digest.hexdigest()


def content(data: bytes | Path) -> bytes:
    return data.read_bytes() if isinstance(data, Path) else data


def oid(data: bytes | Path) -> str:
    return hashlib.sha1(content(data)).hexdigest()


class HubServer:
    """The server, on a free port of 127.0.0.1 while it is entered; `requests` has "METHOD path" of each."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.requests: list[str] = []
        self.tokens: dict[str, str] = {}
        """Tokens that may write, and whose account each is."""
        self.objects: dict[str, bytes] = {}
        """Large files that were uploaded, by their SHA-256."""
        self.cuts: dict[str, int] = {}
        """Bytes after which the connection breaks that sends a file whole, the first time."""
        self.ranges: dict[str, list[tuple[int, int]]] = {}
        """The parts of files that were asked for: first and last byte."""
        handler = type("BoundHandler", (Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> HubServer:
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def add_dataset(
        self, name: str, files: Files | Path, revision: str = "main", gated: bool = False
    ) -> Repo:
        """Add a dataset, or a branch of it; files by their paths, or those of a folder."""
        return self._add("datasets", name, files, revision, gated)

    def add_model(self, name: str, files: Files | Path, revision: str = "main", gated: bool = False) -> Repo:
        """Add a model or tokenizer, or a branch of it; files by their paths, or those of a folder."""
        return self._add("models", name, files, revision, gated)

    def _add(self, kind: str, name: str, files: Files | Path, revision: str, gated: bool) -> Repo:
        if isinstance(files, Path):
            files = {str(p.relative_to(files)): p for p in sorted(files.rglob("*")) if p.is_file()}
        repo = self.repos.setdefault((kind, name), Repo(kind, name))
        repo.gated = gated
        repo.branches[revision] = dict(files)
        return repo

    def environment(self, home: Path) -> dict[str, str]:
        """Return the environment of a process that takes this server for the Hub, with a cache of its own."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGINGFACE_"))
        }
        quiet = {
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        return {**kept, **quiet, "HF_ENDPOINT": self.url, "HF_HOME": str(home / "hf")}

    def downloads(self) -> list[str]:
        """Return the paths of the files that were read, in part or as a whole."""
        return [
            line.split(" ")[1] for line in self.requests if line.startswith("GET") and "/resolve/" in line
        ]


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        path = unquote(url.path)
        self.hub.requests.append(f"{self.command} {path}")
        api = re.fullmatch(
            r"/api/(models|datasets)/([^/]+/[^/]+|[^/]+)(?:/(revision|tree|paths-info)/(.+))?", path
        )
        file = re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/(refs/[^/]+/[^/]+|[^/]+)/(.+)", path)
        if answer_upload(self, path, body):
            return
        if api:
            self._answer_api(*api.groups(), query=parse_qs(url.query), body=body)
        elif file:
            kind = "datasets" if file[1] else "models"
            self._answer_file(kind, *file.groups()[1:])
        else:
            self._refuse(404, "", "not found")

    def _repo(self, kind: str, name: str) -> Repo | None:
        """Return a repository, or None after having said that there is none."""
        repo = self.hub.repos.get((kind, name))
        if repo is None:  # the Hub does not tell strangers what does not exist and what is private
            self._refuse(401, "RepoNotFound", "Invalid username or password.")
        return repo

    def _answer_api(
        self,
        kind: str,
        name: str,
        what: str | None,
        rest: str | None,
        query: dict[str, list[str]],
        body: bytes,
    ) -> None:
        repo = self._repo(kind, name)
        if repo is None:
            return
        revision, below = split_revision(rest or "main")
        files = repo.files(revision)
        if files is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif what in (None, "revision"):
            self._send_json(info(repo, revision))
        elif what == "tree":
            entries = tree(files, below, recursive=query.get("recursive", [""])[0].lower() == "true")
            self._send_json(entries) if entries else self._refuse(404, "EntryNotFound", "no such folder")
        else:
            asked = json.loads(body)["paths"] if body.startswith(b"{") else parse_qs(body.decode())["paths"]
            known = {
                entry["path"]: entry for folder in folders(files) for entry in tree(files, folder, False)
            }
            self._send_json([known[path] for path in asked if path in known])

    def _answer_file(self, kind: str, name: str, revision: str, path: str) -> None:
        repo = self._repo(kind, name)
        if repo is None:
            return
        files = repo.files(revision)
        if repo.gated:
            self._refuse(401, "GatedRepo", f"Access to {kind[:-1]} {name} is restricted.")
        elif files is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif path not in files:
            self._refuse(404, "EntryNotFound", "Entry not found", commit=repo.commit(revision))
        else:
            self._send_file(path, content(files[path]), repo.commit(revision))

    def _send_file(self, path: str, data: bytes, commit: str) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        status, part, headers = 200, data, {}
        if asked:
            start = int(asked[1])
            end = min(int(asked[2] or len(data) - 1), len(data) - 1)
            if start >= len(data):
                self._refuse(416, "", "out of range")
                return
            status, part = 206, data[start : end + 1]
            self.hub.ranges.setdefault(path, []).append((start, end))
            headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        headers |= {"ETag": f'"{oid(data)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        is_whole = self.command == "GET" and not asked
        cut = self.hub.cuts.pop(path, None) if is_whole else None
        self._send(status, part, {"Content-Type": "application/octet-stream", **headers}, cut)

    def _send_json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str, message: str, commit: str = "") -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message} if code else {}
        if commit:  # with it a client remembers that there is no such file
            headers["X-Repo-Commit"] = commit
        self._send(
            status, json.dumps({"error": message}).encode(), {"Content-Type": "application/json", **headers}
        )

    def _send(self, status: int, data: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:cut])
        if cut is not None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


def split_revision(rest: str) -> tuple[str, str]:
    """Split "REVISION/PATH"; only revisions under refs/ have slashes."""
    parts = rest.split("/")
    n = 3 if parts[0] == "refs" else 1
    return "/".join(parts[:n]), "/".join(parts[n:])


def info(repo: Repo, revision: str) -> dict[str, object]:
    """Return what the Hub says of a repository as a whole."""
    files = repo.files(revision) or {}
    return {
        "_id": "0" * 24,
        "id": repo.name,
        "author": repo.name.split("/")[0],
        "sha": repo.commit(revision),
        "private": False,
        "gated": "manual" if repo.gated else False,
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "lastModified": "2026-01-01T00:00:00.000Z",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "siblings": [{"rfilename": path, "size": len(content(data))} for path, data in files.items()],
    }


def folders(files: Files) -> set[str]:
    """Return all folders of a repository, "" for its root."""
    return {""} | {str(parent) for path in files for parent in Path(path).parents if str(parent) != "."}


def tree(files: Files, below: str, recursive: bool) -> list[dict[str, object]]:
    """Return the entries of a folder, as the Hub lists them."""
    prefix = f"{below}/" if below else ""
    entries: dict[str, dict[str, object]] = {}
    for folder in sorted(folders(files)):
        if folder.startswith(prefix) and folder != below and (recursive or "/" not in folder[len(prefix) :]):
            entries[folder] = {"type": "directory", "oid": "0" * 40, "size": 0, "path": folder}
    for path, data in files.items():
        if path.startswith(prefix) and (recursive or "/" not in path[len(prefix) :]):
            entries[path] = {"type": "file", "oid": oid(data), "size": len(content(data)), "path": path}
    return list(entries.values())
