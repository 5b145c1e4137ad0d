"""Tasks of lm-eval (Gao et al. 2021) for a model of the playground; the package is optional."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from playground.config import ConfigError
from playground.evaluation.batched import greedy
from playground.evaluation.results import save_evaluation
from playground.evaluation.text_loss import text_loss
from playground.inspection.reading import reading
from playground.loading import LoadedRun
from playground.models import Model
from playground.tokenizers import Tokenizer

MAX_ANSWER = 256


def evaluate_tasks(
    run: Path,
    loaded: LoadedRun,
    tasks: Sequence[str],
    tasks_from: str = "",
    shots: int = 0,
    limit: int | None = None,
    batch_size: int = 16,
) -> dict[str, Any]:
    """Run lm-eval's tasks on a loaded run, keep their figures in its folder, and return the record.

    `tasks_from` is a folder of YAML files with tasks of one's own. Raises ConfigError if the package is
    missing, or a task is not known.
    """
    if importlib.util.find_spec("lm_eval") is None:
        raise ConfigError("lm-eval is not installed: `pip install lm-eval`, then try again.")
    from lm_eval import simple_evaluate

    found: Any = simple_evaluate(
        harness_model(loaded.model, loaded.tokenizer, batch_size),
        tasks=list(tasks), num_fewshot=shots or None, limit=limit, log_samples=False,
        task_manager=_task_manager(tasks, tasks_from),
    )  # fmt: skip
    figures = {
        f"{task} {name.removesuffix(',none')}": value
        for task, values in found["results"].items()
        for name, value in values.items()
        if isinstance(value, float)
    }
    record = {"kind": "tasks", "step": loaded.step, "data": f"lm-eval: {', '.join(tasks)}", "shots": shots}
    return save_evaluation(run, record | figures)


def _task_manager(tasks: Sequence[str], tasks_from: str) -> Any:
    """Return lm-eval's index of tasks; one's own alone where they are enough, since its own take seconds."""
    from lm_eval.tasks import TaskManager

    if tasks_from and not Path(tasks_from).is_dir():
        raise ConfigError(f"There is no folder {tasks_from!r} with tasks.")
    if tasks_from:
        own = TaskManager(include_path=tasks_from, include_defaults=False)
        if set(tasks) <= set(own.all_tasks):
            return own
    every = TaskManager(include_path=tasks_from or None)
    unknown = [name for name in tasks if name not in every.all_tasks]
    if unknown:
        raise ConfigError(f"lm-eval has no task {unknown[0]!r}: `lm-eval ls tasks` lists them.")
    return every


def harness_model(model: Model, tokenizer: Tokenizer, batch_size: int = 16) -> Any:
    """Return a model as lm-eval asks it: log-probabilities of continuations, of texts, and greedy answers."""
    from lm_eval.api.model import TemplateLM

    class HarnessModel(TemplateLM):
        """Answers lm-eval's three kinds of question; a context that is too long loses its beginning."""

        @property
        def eot_token_id(self) -> int:
            return prefix_token(tokenizer)

        def tok_encode(self, string: str, add_special_tokens: bool | None = None, **kwargs: Any) -> list[int]:
            return list(map(int, tokenizer.encode(string)))

        def _loglikelihood_tokens(self, requests: Any, **kwargs: Any) -> list[tuple[float, bool]]:
            pairs = [(context, continuation) for _, context, continuation in requests]
            return continuation_log_probs(model, pairs, batch_size)

        def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> list[float]:
            rows = [[self.eot_token_id, *self.tok_encode(request.args[0])] for request in requests]
            whole = [
                text_loss(model, tokenizer, row, model.config.n_ctx) if len(row) > 1 else None for row in rows
            ]
            return [0.0 if loss is None else -loss.total_nats for loss in whole]

        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
            return [_generate(model, tokenizer, *request.args) for request in requests]

    return HarnessModel()


def prefix_token(tokenizer: Tokenizer) -> int:
    """Return the token that a text without context follows: the end token, else a line break or blank."""
    if tokenizer.end_id is not None:
        return tokenizer.end_id
    return next((int(ids[0]) for text in "\n ." if len(ids := tokenizer.encode(text))), 0)


def continuation_log_probs(
    model: Model, pairs: Sequence[tuple[list[int], list[int]]], batch_size: int
) -> list[tuple[float, bool]]:
    """Return ln P(continuation | context) of each pair, in nats, and whether it is the greedy one."""
    found: list[tuple[float, bool]] = [(0.0, True)] * len(pairs)
    device, n_ctx = next(model.parameters()).device, model.config.n_ctx
    order = sorted(range(len(pairs)), key=lambda place: sum(map(len, pairs[place])))
    with reading(model):
        for group in _groups(order, batch_size):
            rows = [[*pairs[place][0], *pairs[place][1]][-n_ctx - 1 :] for place in group]
            width = max(map(len, rows)) - 1
            tokens = torch.tensor([row[:-1] + [0] * (width - len(row) + 1) for row in rows], device=device)
            hidden = model.hidden(tokens)  # what follows a token can't change what is expected after it
            for place, row, states in zip(group, rows, hidden, strict=True):
                n = min(len(pairs[place][1]), len(row) - 1)
                log_probs = model.unembed(states[len(row) - 1 - n : len(row) - 1]).log_softmax(dim=-1)
                right = torch.tensor(row[len(row) - n :], device=device)
                total = -F.nll_loss(log_probs, right, reduction="sum").item()
                found[place] = (total, bool((log_probs.argmax(dim=-1) == right).all()))
    return found


def _groups(order: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _generate(model: Model, tokenizer: Tokenizer, context: str, settings: dict[str, Any]) -> str:
    until = settings.get("until") or []
    stops = [until] if isinstance(until, str) else list(until)
    n = min(int(settings.get("max_gen_toks", MAX_ANSWER)), max(1, model.config.n_ctx // 2))
    tokens = [prefix_token(tokenizer), *map(int, tokenizer.encode(context))][-(model.config.n_ctx - n) :]

    def is_done(row: int, written: list[int]) -> bool:
        text = tokenizer.decode(written)
        return written[-1] == tokenizer.end_id or any(stop in text for stop in stops)

    (written,) = greedy(model, [tokens], n, is_done)
    text = tokenizer.decode(token for token in written if token != tokenizer.end_id)
    for stop in stops:
        text = text.split(stop)[0]
    return text
