"""What the list does with runs: each action of the page answers in a sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playground import presets, runs, sweeps
from playground.config import ConfigError, RunConfig
from playground.experiments import experiment
from playground.files import explain_os_error
from playground.limits import limits
from playground.reproduce import command_of, script_of
from playground.run_summary import config_of
from playground.ui.downloads import offer
from playground.ui.run_book.settings import sweep_settings

Request = dict[str, Any]
Answer = dict[str, Any]


def act(request: Any) -> Answer:
    """Do what {"action", …} asks for; return {"said"} and more, or {"error"} in a sentence."""
    request = request if isinstance(request, dict) else {}
    action = ACTIONS.get(str(request.get("action")))
    if action is None:
        return {"error": "There is no such action."}
    root = runs.runs_root()
    try:
        return action(root, request)
    except (ValueError, runs.RunError) as error:
        return {"error": str(error)}
    except OSError as error:
        return {"error": explain_os_error(error, Path(error.filename or root))}


def _find(root: Path, request: Request) -> Path:
    return runs.find(root, str(request.get("run") or ""))


def _config(run: Path) -> RunConfig:
    config = config_of(run)
    if config is None:
        raise ConfigError(f"The config of {run.name} can't be read.")
    return config


def _whole(request: Request, name: str, label: str) -> int:
    try:
        return int(request.get(name))  # type: ignore[arg-type]  # whatever it is, it is a number or refused
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{label} must be a whole number, but it is {request.get(name)!r}.") from None


def _texts(request: Request, name: str) -> list[str]:
    found = request.get(name)
    return [str(each) for each in found] if isinstance(found, list) else []


def _change(root: Path, request: Request) -> Answer:
    changes = {name: request[name] for name in ("title", "note", "pinned") if name in request}
    runs.change_meta(_find(root, request), **changes)
    return {"said": "Kept."}


def _delete(root: Path, request: Request) -> Answer:
    found = [runs.find(root, name) for name in _texts(request, "runs")]
    tokens = [runs.delete_run(run) for run in found]
    return {"said": f"{len(tokens)} moved to the trash.", "tokens": tokens}


def _restore(root: Path, request: Request) -> Answer:
    names = [runs.restore_run(root, token).name for token in _texts(request, "tokens")]
    return {"said": f"Back again: {', '.join(names)}."}


def _empty(root: Path, request: Request) -> Answer:
    return {"said": f"{runs.empty_trash(root)} deleted for good."}


def _cancel(root: Path, request: Request) -> Answer:
    run = _find(root, request)
    return {"said": f"{run.name} left the queue." if runs.cancel(run) else f"{run.name} does not wait."}


def _first(root: Path, request: Request) -> Answer:
    run = _find(root, request)
    runs.move_first(run)
    return {"said": f"{run.name} is the next one."}


def _start(root: Path, request: Request) -> Answer:
    run = _find(root, request)
    runs.start(run, resume=True)
    return {"said": _begun(run)}


def _stop(root: Path, request: Request) -> Answer:
    run = _find(root, request)
    runs.stop(run)
    return {"said": f"{run.name} saves a checkpoint and stops."}


def _begun(run: Path) -> str:
    place = runs.place(run)
    return f"{run.name} waits in the queue, at place {place}." if place else f"{run.name} has begun."


def _branch(root: Path, request: Request) -> Answer:
    source = _find(root, request)
    step, until = _whole(request, "step", "The checkpoint"), _whole(request, "until", "Train until step")
    if until <= step:
        raise ConfigError(f"Train until a step after {step:,}, but it is {until:,}.")
    config = _config(source)
    optim = config.optim
    if request.get("lr"):
        optim = sweeps.changed(config, {"lr": str(request["lr"])}).optim
    train = dataclasses.replace(config.train, steps=until)
    config = dataclasses.replace(config, optim=optim, train=train, command="")
    run = runs.branch(source, step, f"{source.name}-from-{step}", config_json=config.to_json())
    runs.start(run, resume=True)
    return {"said": _begun(run)}


def _repeat(root: Path, request: Request) -> Answer:
    run = _find(root, request)
    config = _config(run)
    text = config.data.text_file
    if text and not limits().public:  # where its files lie is nothing for strangers
        text = str(run / text)
    try:
        script = script_of(config, run.name)
    except ConfigError as error:
        script = f"# {error}\n"
    return {"command": command_of(config, text), "script": script}


def _download(root: Path, request: Request) -> Answer:
    """Pack a run and say where it can be fetched."""
    archive = offer(_find(root, request))
    return {"said": f"{archive.stem} is packed.", "path": str(archive), "name": archive.name}


def _experiment(root: Path, request: Request) -> Answer:
    chosen = experiment(str(request.get("name")))
    return _launched(sweeps.launch(root, chosen.name, chosen.variants()))


def _sweep(root: Path, request: Request) -> Answer:
    """Queue a sweep: {"base": "preset:NAME" or "run:NAME", "vary": [[name, values], …], "steps"}."""
    kind, _, name = str(request.get("base")).partition(":")
    config = presets.preset(name).config if kind == "preset" else _as_new(runs.find(root, name))
    if request.get("steps"):
        steps = _whole(request, "steps", "Steps")
        config = dataclasses.replace(config, train=dataclasses.replace(config.train, steps=steps))
    vary = request.get("vary")
    pairs = [pair for pair in vary if isinstance(pair, list)] if isinstance(vary, list) else []
    pairs = [(str(pair[0]), str(pair[1])) for pair in pairs if len(pair) == 2]
    offered = {setting["name"] for setting in sweep_settings()}
    unknown = next((name for name, _ in pairs if name and name not in offered), None)
    if unknown is not None:
        raise ConfigError(f"{unknown} can't be varied here: choose another setting.")
    vary = dict(sweeps.parse_vary(f"{name}={values}") for name, values in pairs if name)
    if not vary:
        raise ConfigError("Choose a setting and name its values, as 1e-3, 3e-3, 1e-2.")
    return _launched(sweeps.launch(root, f"sweep of {' and '.join(vary)}", sweeps.variants(config, vary)))


def _as_new(run: Path) -> RunConfig:
    """Return a run's config for a new run, with a text of its own where that lies now."""
    runs.require_text(run)
    config = _config(run)
    model = dataclasses.replace(config.model.underived(), d_vocab=0)
    data = config.data
    if data.text_file:
        data = dataclasses.replace(data, text_file=str(run / data.text_file))
    return dataclasses.replace(config, model=model, data=data, command="", origin="")


def _launched(made: list[Path]) -> Answer:
    group = runs.read_meta(made[0]).group
    said = f"{len(made)} runs queued as “{group}”."
    return {"said": said, "group": group, "runs": [run.name for run in made]}


ACTIONS: dict[str, Callable[[Path, Request], Answer]] = {
    "change": _change,
    "delete": _delete,
    "restore": _restore,
    "empty": _empty,
    "cancel": _cancel,
    "first": _first,
    "start": _start,
    "stop": _stop,
    "branch": _branch,
    "repeat": _repeat,
    "download": _download,
    "experiment": _experiment,
    "sweep": _sweep,
}
