"""Requests as a stranger would make them by hand, past the page: any function, any values, any identity."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

SECONDS = 60


@dataclass
class Answer:
    """What came back."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body, read as JSON; text in JSON (of a gr.HTML's functions) is read once more."""
        value = json.loads(self.body)
        return json.loads(value) if isinstance(value, str) and value[:1] in "{[" else value


class Stranger:
    """Somebody with a secret (or none) and keys, who knows how Gradio is asked."""

    def __init__(self, url: str, secret: str = "", keys: str = "") -> None:
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port
        self.headers = {name: value for name, value in
                        (("x-playground-visitor", secret), ("x-playground-keys", keys)) if value}  # fmt: skip
        self.session = f"s{id(self)}"
        self.config = self.get("/config").json

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request and return the answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)
        kind = {} if body is None or isinstance(body, bytes) else {"content-type": "application/json"}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, data, {**self.headers, **kind, **named})
            found = connection.getresponse()
            return Answer(found.status, found.read().decode("utf-8", "replace"), dict(found.getheaders()))
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """Send a GET request."""
        return self.ask("GET", path)

    def component(self, elem_id: str) -> dict[str, Any]:
        """Return a component of the page by its id in the page."""
        return next(c for c in self.config["components"] if c["props"].get("elem_id") == elem_id)

    def functions(self) -> list[tuple[str, str]]:
        """Return element and name of every function that a script of the page asks."""
        return [
            (component["props"]["elem_id"], name)
            for component in self.config["components"]
            for name in component["props"].get("server_fns") or component.get("server_fns") or []
        ]

    def server(self, elem_id: str, function: str, data: Any) -> Answer:
        """Ask a function of a lasting element, as its script does."""
        body = {"data": data, "component_id": self.component(elem_id)["id"], "fn_name": function}
        return self.ask("POST", "/gradio_api/component_server/", {**body, "session_hash": self.session})

    def event(self, elem_id: str, event: str) -> dict[str, Any]:
        """Return what happens on an event of a component."""
        target = [self.component(elem_id)["id"], event]
        return next(d for d in self.config["dependencies"] if target in d["targets"])

    def press(self, elem_id: str, event: str, data: list[Any], event_data: Any = None) -> Answer:
        """Let an event happen that does not go through the queue."""
        return self.predict(self.event(elem_id, event)["id"], data, event_data)

    def predict(self, function: int, data: Any, event_data: Any = None) -> Answer:
        """Call a function of the page by its number."""
        body = {"data": data, "fn_index": function, "session_hash": self.session, "event_data": event_data}
        return self.ask("POST", "/gradio_api/run/predict", body)

    def queue(self, function: int, data: Any, event_data: Any = None) -> list[dict[str, Any]]:
        """Call a function of the page through the queue, and return all messages until it is done."""
        session = f"{self.session}q{function}"
        body = {"data": data, "fn_index": function, "session_hash": session, "event_data": event_data}
        joined = self.ask("POST", "/gradio_api/queue/join", body)
        if joined.status != 200:
            return [{"msg": "refused", "status": joined.status, "body": joined.body}]
        return self._messages(session)

    def _messages(self, session: str) -> list[dict[str, Any]]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)
        found = []
        try:
            connection.request("GET", f"/gradio_api/queue/data?session_hash={session}", headers=self.headers)
            answer = connection.getresponse()
            for line in answer:
                if line.startswith(b"data: "):
                    found.append(json.loads(line[6:]))
                    if found[-1]["msg"] in ("process_completed", "close_stream", "unexpected_error"):
                        return found
            return found
        finally:
            connection.close()
