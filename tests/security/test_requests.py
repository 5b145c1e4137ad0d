"""Threats 7 and 8: addresses that the page does not use, and requests that are too large."""

from __future__ import annotations

import http.client
import re
import time
import urllib.parse
from pathlib import Path

import pytest

from tests.app_process import App
from tests.hand_made import Stranger
from tests.security import OWNER

CLOSED = [
    "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/call/predict", "/gradio_api/call/v2/x",
    "/gradio_api/api/predict", "/gradio_api/run/_launch", "/gradio_api/proxy=http://127.0.0.1/",
    "/monitoring", "/monitoring/summary", "/gradio_api/deep_link", "/gradio_api/runs",
    "/gradio_api/dev/reload", "/docs", "/gradio_api/run-history/buckets", "/gradio_api/mcp",
    "/gradio_api/stream/x/y/z/playlist.m3u8", "/gradio_api/vibe-edit/", "/gradio_api/process_recording",
    "/openapi.json", "/../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("path", CLOSED)
def test_7_other_addresses_are_closed(app, path):
    asks = Stranger(app.url)
    for method in ("GET", "POST"):
        assert asks.ask(method, path, b"" if method == "POST" else None).status == 404


def test_7_requests_of_another_site_s_page_are_refused(app):
    asks = Stranger(app.url, OWNER)
    for path in ("/gradio_api/component_server/", "/gradio_api/queue/join", "/gradio_api/upload"):
        assert asks.ask("POST", path, b"{}", sec_fetch_site="cross-site").status == 403


def sent_in_chunks(app: App, path: str, head: bytes, kind: str, megabytes: int) -> int:
    """Send a body without saying how long it is; return the status, 0 if the server has hung up before."""
    parts = urllib.parse.urlsplit(app.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.putrequest("POST", path)
    connection.putheader("transfer-encoding", "chunked")
    connection.putheader("content-type", kind)
    connection.endheaders()
    chunk = b"a" * 10**6
    try:
        for part in (head, *[chunk] * megabytes, b""):
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def memory(app: App) -> int:
    """Return the most bytes that the app has held so far."""
    status = Path(f"/proc/{app.process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def settled_memory(app: App) -> int:
    """Return the same once the app has loaded, in the background, what its first answers need."""
    before = 0
    while before < (before := memory(app)):
        time.sleep(3)
    return before


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_8_too_much_is_cut_off_while_it_is_read(app):
    asks, before = Stranger(app.url), settled_memory(app)
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    multipart = "multipart/form-data; boundary=b"
    assert sent_in_chunks(app, "/gradio_api/upload", head, multipart, 200) in (0, 400, 413)
    kept = [path for path in (app.runs.parent / "uploads").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in kept) < 3 * 10**6
    for path in ("component_server/", "queue/join", "run/predict"):
        sent = sent_in_chunks(app, f"/gradio_api/{path}", b'{"data": "', "application/json", 200)
        assert sent in (0, 400, 413)
    assert memory(app) - before < 60 * 10**6
    declared = asks.ask("POST", "/gradio_api/queue/join", b"", content_length="999999999")
    assert (declared.status, "the most that is taken" in declared.body) == (413, True)
