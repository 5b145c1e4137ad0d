"""A lecture hall: `python tests/load.py` drives the real server with many people while a run trains.

200 watch the run, asking what a page asks; then 20 let the model write at once. The requests are those that a
real page sends, taken from a browser and sent again by as many clients. Everything runs on this one machine,
the clients too, so the figures are those of a worse case.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import tyro
from playwright.sync_api import Request, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from playground import presets, runs
from playground.bench.processes import end, serving
from tests.conftest import CHROMIUM_ARGS, find_chromium

APP = Path(__file__).parent.parent / "app.py"
MONITOR = "document.querySelector('.pg-monitor')?.__monitor"
WRITTEN = "document.querySelector('#output-note').innerText.includes('tokens')"
NOTES_EVERY = 5
"""A page asks for notes on the curve every few seconds."""

LISTS = ("lines", "crossings", "events")


@dataclass
class Asked:
    """What a page sends: where to, and with what."""

    url: str
    body: dict[str, Any]


@dataclass
class PageRequests:
    """The requests of a page that watches, that shows the list of runs anew, and that asks for text."""

    poll: Asked
    refresh: Asked
    generate: Asked


@dataclass
class Tally:
    """What happened to the requests of all clients."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def line(self, what: str) -> str:
        """Return the figures in a line."""
        return (
            f"{what}: {len(self.seconds):,} answers, median {statistics.median(self.seconds):.3f} s, "
            f"95th percentile {late(self.seconds):.3f} s, slowest {max(self.seconds):.3f} s, "
            f"{len(self.failures)} failed"
        )


def late(seconds: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(seconds, n=20)[-1]


def requests_of_a_page(url: str) -> PageRequests:
    """Open the page in a browser, and return what it asks for while it watches, and when it writes."""
    seen: list[Asked] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        page = browser.new_page()
        page.on("request", lambda r: _is_question(r) and seen.append(Asked(r.url, r.post_data_json)))
        page.goto(url)
        page.wait_for_function(f"{MONITOR}?.updates > 4", timeout=60_000)
        watched = list(seen)
        page.get_by_role("tab", name="Sample").click()
        page.locator("#generate").click()
        page.wait_for_function(WRITTEN)
        browser.close()
    polls = [at for at, each in enumerate(watched) if each.body.get("fn_name") == "poll"]
    refreshes = [each for each in watched[polls[0] :] if "run/predict" in each.url]
    return PageRequests(
        watched[polls[-1]], refreshes[0], [each for each in seen if "queue/join" in each.url][-1]
    )


def _is_question(request: Request) -> bool:
    return request.post_data is not None and "json" in request.headers.get("content-type", "")


@dataclass
class Hall:
    """The people, and what became of their requests."""

    asked: PageRequests
    done: asyncio.Event = field(default_factory=asyncio.Event)
    polls: Tally = field(default_factory=Tally)
    gaps: Tally = field(default_factory=Tally)
    refreshes: Tally = field(default_factory=Tally)
    written: Tally = field(default_factory=Tally)

    async def watch(self, number: int) -> None:
        """Ask for what is new again and again, going on from each answer and waiting as the page does."""
        async with person() as client:
            await self._watch(client, f"watch{number}")

    async def _open(self, client: httpx.AsyncClient, session: str) -> None:
        """Do what a page does when it opens, which makes its session."""
        refresh = self.asked.refresh.body | {"session_hash": session}
        await _timed(client.post(self.asked.refresh.url, json=refresh), self.refreshes)

    async def _watch(self, client: httpx.AsyncClient, session: str) -> None:
        body = copy.deepcopy(self.asked.poll.body) | {"session_hash": session}
        listed, before = None, time.perf_counter()
        for asked in itertools.count():
            body["data"]["runs"][0]["notes"] = asked % NOTES_EVERY == 0
            answer = await _timed(client.post(self.asked.poll.url, json=body), self.polls)
            self.gaps.seconds.append(time.perf_counter() - before)
            before = time.perf_counter()
            news = json.loads(answer.json()) if answer else {}
            _go_on(body, news)
            if news.get("list") != listed:
                listed = news.get("list")
                await self._open(client, session)
            await asyncio.sleep(max(1.0, news.get("pause_ms", 0) / 1000))
            if self.done.is_set():
                return

    async def open(self, number: int) -> None:
        """Open the page on which somebody will let the model write."""
        async with person() as client:
            await self._open(client, f"write{number}")

    async def write(self, number: int) -> Reading:
        """Let the model write once, as somebody who reads along sees it."""
        async with person() as client:
            return await self._write(client, f"write{number}")

    async def _write(self, client: httpx.AsyncClient, session: str) -> Reading:
        asked, began, reading = self.asked.generate, time.perf_counter(), Reading()
        await _timed(client.post(asked.url, json=asked.body | {"session_hash": session}), self.written)
        stream = f"{asked.url.split('queue/join')[0]}queue/data?session_hash={session}"
        async with client.stream("GET", stream) as events:
            async for line in events.aiter_lines():
                event = json.loads(line[5:]) if line.startswith("data:") else {}
                if event.get("msg") == "process_generating" and not reading.first:
                    reading.first = (time.perf_counter() - began) if _has_text(event) else 0.0
                if event.get("msg") == "process_completed":
                    if event.get("success") and _has_text(event):
                        reading.tokens = event["output"]["data"][0]["tokens"].count("\n") + 1
                    else:
                        self.written.failures.append(line[:300])
                    break
        reading.end = time.perf_counter() - began
        return reading


@dataclass
class Reading:
    """What somebody who let the model write has seen: seconds to the first text and to the end, tokens."""

    first: float = 0.0
    end: float = 0.0
    tokens: int = 0


def _has_text(event: dict[str, Any]) -> bool:
    """Tell whether a message brings tokens; the first one only sets the buttons."""
    return '"tokens"' in json.dumps(event["output"]["data"][0])


def person() -> httpx.AsyncClient:
    """Return somebody with a connection of their own: one pool looks through all it has at each request."""
    return httpx.AsyncClient(timeout=60, verify=False)


def _go_on(body: dict[str, Any], news: dict[str, Any]) -> None:
    """Let the next request begin where an answer ended."""
    (known,) = body["data"]["runs"]
    for found in news.get("runs", []):
        known |= {key: found[key] for key in ("epoch", "metrics_byte", "samples_byte") if key in found}
        known |= {f"n_{key}": len(found[key]) for key in LISTS if key in found}


async def _timed(asked: Awaitable[httpx.Response], tally: Tally) -> httpx.Response | None:
    began = time.perf_counter()
    try:
        answer = await asked
        answer.raise_for_status()
    except httpx.HTTPError as error:
        tally.failures.append(repr(error))
        return None
    tally.seconds.append(time.perf_counter() - began)
    return answer


async def _speed(run: Path, seconds: float) -> float:
    """Return tokens per second over a while, by the run's log."""
    first = runs.read_metrics(run)[0][-1]
    await asyncio.sleep(seconds)
    last = runs.read_metrics(run)[0][-1]
    return (last["tokens_seen"] - first["tokens_seen"]) / (last["elapsed_s"] - first["elapsed_s"])


def memory_megabytes() -> float:
    """Return the memory that the app has held at most."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    app = next(pid for pid in children if b"app.py" in Path(f"/proc/{pid}/cmdline").read_bytes())
    lines = Path(f"/proc/{app}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


async def drive(asked: PageRequests, run: Path, watchers: int, writers: int, seconds: float) -> None:
    """Measure the training alone, with watchers, alone again; then let the writers write."""
    hall, alone, tasks = Hall(asked), [await _speed(run, seconds)], []
    for number in range(watchers):
        tasks.append(asyncio.create_task(hall.watch(number)))
        await asyncio.sleep(4 / watchers)
    await asyncio.sleep(5)
    hall.polls.seconds.clear()
    hall.gaps.seconds.clear()
    watched = await _speed(run, seconds)
    print(hall.polls.line(f"{watchers} watchers"))
    print(hall.gaps.line("from one update to the next"))
    hall.done.set()
    await asyncio.gather(*tasks)
    await asyncio.sleep(2)
    alone.append(await _speed(run, seconds))
    base = statistics.mean(alone)
    print(f"training keeps {watched / base:.2f} of its speed ({base:,.0f} tokens/s alone)")
    await asyncio.gather(*(hall.open(number) for number in range(writers)))
    tell_writing(await asyncio.gather(*(hall.write(number) for number in range(writers))))
    failures = hall.polls.failures + hall.refreshes.failures + hall.written.failures
    print(f"memory of the app at most: {memory_megabytes():,.0f} MB; {len(failures)} requests failed")
    for failure in failures[:5]:
        print("failed:", failure)


def tell_writing(results: list[Reading]) -> None:
    """Print when the writers had their first text and their last, and how even their shares were."""
    first, ends = [r.first for r in results], [r.end for r in results]
    rates = [r.tokens / r.end for r in results]
    print(
        f"{len(results)} writing at once: first text after {statistics.median(first):.2f} s, 95th percentile "
        f"{late(first):.2f} s, slowest {max(first):.2f} s; done after {min(ends):.1f} to {max(ends):.1f} s; "
        f"the slowest has {min(rates):.1f} tokens/s, {min(rates) / max(rates):.2f} of the fastest; "
        f"{sum(r.tokens for r in results) / max(ends):,.0f} in all"
    )


def main(watchers: int = 200, writers: int = 20, seconds: float = 15) -> None:
    """Train the default recipe, and let a hall of people watch it and write with it."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        config = presets.preset(presets.DEFAULT_PRESET).config.to_json()
        run = runs.create(root, "watched", config.replace('"steps": 1200', '"steps": 100000'))
        with serving(APP, root) as (url, _):
            worker = runs.start(run)
            try:
                while runs.status(run)["step"] < 60:
                    time.sleep(0.2)
                asked = requests_of_a_page(f"{url}?run={run.name}")
                asyncio.run(drive(asked, run, watchers, writers, seconds))
            finally:
                end(worker)


if __name__ == "__main__":
    tyro.cli(main)
