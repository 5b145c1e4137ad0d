"""The part of the Hub's API by which files are put there: the repository, large files, and the commit."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.hub_server import Handler

SMALL_FILE = 1000
"""Larger files, and weights of any size, are uploaded apart from the commit."""


def answer_upload(handler: Handler, path: str, body: bytes) -> bool:
    """Answer a request that is part of an upload; tell whether it is one."""
    hub = handler.hub
    if handler.command == "PUT" and path.startswith("/objects/"):
        hub.objects[path.rpartition("/")[2]] = body
        handler._send(200, b"", {})
        return True
    if handler.command != "POST":
        return False
    if path == "/api/validate-yaml":
        handler._send_json({"errors": [], "warnings": []})
        return True
    found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/(.+)", path)
    lfs = re.fullmatch(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", path)
    if path != "/api/repos/create" and not found and not lfs:
        return False
    if path == "/api/repos/create":
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
    else:
        name = (found or lfs)[1]  # type: ignore[index]
    if not _may_write(handler, name):
        return True
    if path == "/api/repos/create":
        if ("models", name) not in hub.repos:
            hub.add_model(name, {})
        handler._send_json({"url": f"{hub.url}/{name}", "name": name, "visibility": asked.get("visibility")})
    elif lfs:
        handler._send_json(_batch(hub.url, json.loads(body)))
    elif found and found[2] == "preupload":
        handler._send_json({"files": [_mode(file) for file in json.loads(body)["files"]]})
    else:
        _commit(handler, name, body)
    return True


def _may_write(handler: Handler, name: str) -> bool:
    token = (handler.headers.get("Authorization") or "").removeprefix("Bearer ")
    account = handler.hub.tokens.get(token)
    if account is None:
        handler._refuse(401, "", "Invalid credentials in Authorization header")
    elif account != name.split("/")[0]:
        handler._refuse(403, "", f"You don't have the rights to create a model under {name}")
    else:
        return True
    return False


def _mode(file: dict[str, Any]) -> dict[str, Any]:
    is_large = file["size"] > SMALL_FILE or file["path"].endswith(".safetensors")
    return {"path": file["path"], "uploadMode": "lfs" if is_large else "regular", "shouldIgnore": False}


def _batch(url: str, asked: dict[str, Any]) -> dict[str, Any]:
    where = {
        wanted["oid"]: {"upload": {"href": f"{url}/objects/{wanted['oid']}"}} for wanted in asked["objects"]
    }
    objects = [{**wanted, "actions": where[wanted["oid"]]} for wanted in asked["objects"]]
    return {"transfer": "basic", "objects": objects}


def _commit(handler: Handler, name: str, body: bytes) -> None:
    repo = handler.hub.repos["models", name]
    files = repo.branches.setdefault("main", {})
    for line in map(json.loads, body.splitlines()):
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "lfsFile":
            files[value["path"]] = handler.hub.objects[value["oid"]]
    commit = repo.commit("main")
    handler._send_json({"commitUrl": f"{handler.hub.url}/{name}/commit/{commit}", "commitOid": commit})
