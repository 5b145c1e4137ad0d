"""A probabilistic grammar with memory: it tells texts, and gives the exact probability of any text.

A grammar has *rules* and *word tables*. A rule has several templates, one of which is drawn by weight. In a
template, braces hold

    {rule} or {table}       a fresh draw, written
    {toy=toys}              a word drawn from the table `toys`, written, and remembered as `toy`
    {!toy=toys}             the same, remembered without being written
    {friend=names except hero other}    a draw that leaves out words already remembered
    {spot=place.spots}      a draw from the table that the form `spots` of the remembered `place` names
    {toy}                   the remembered word again
    {hero.his}              a form of the remembered word (a form is a template too)
    {Toy} and {hero.His}    with a capital letter

The memory keeps a text consistent from end to end, which a model can only get right by using context.
"""

from __future__ import annotations

import math
import random
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class GrammarError(ValueError):
    """A grammar that can't be used; the message names the rule and what is wrong in it."""


@dataclass(frozen=True)
class Word:
    """A word (or fixed phrase) of a table, with its weight there and its other forms."""

    text: str
    weight: float = 1.0
    forms: Mapping[str, str] = field(default_factory=dict)


class _Draw(NamedTuple):
    source: str
    variable: str = ""
    excluded: tuple[str, ...] = ()
    silent: bool = False


class _Recall(NamedTuple):
    variable: str
    form: str


_Piece = str | _Draw | _Recall
_Pieces = tuple[_Piece, ...]
"""A compiled template, last piece first: the order in which pieces go on a stack."""


class _Entry(NamedTuple):
    """A word with its forms compiled; the form "" is the word itself."""

    word: Word
    forms: dict[str, _Pieces]


class _Option(NamedTuple):
    pieces: _Pieces
    nats: float
    entry: _Entry | None


_Scope = dict[str, _Entry]


class _Derivation(NamedTuple):
    """A derivation under way: characters matched, pieces to come as (piece, rest), memory, nats so far."""

    at: int
    stack: tuple | None
    scope: _Scope
    nats: float


class _Choice:
    """A draw among options whose probabilities are their weights over the sum of all weights."""

    def __init__(self, options: Sequence[tuple[float, _Pieces, _Entry | None]]) -> None:
        weights = [weight for weight, _, _ in options]
        total = math.fsum(weights)
        self.options = [
            _Option(pieces, -math.log(weight / total), entry) for weight, pieces, entry in options
        ]
        self._cuts = [math.fsum(weights[:n]) / total for n in range(1, len(weights))]

    def at(self, u: float) -> _Option:
        """Return the option at u, which is uniform in [0, 1)."""
        return self.options[bisect_right(self._cuts, u)]


class Grammar:
    """Rules (name to templates with weights) and word tables, compiled.

    Raises GrammarError for a brace or a reference that means nothing.
    """

    def __init__(
        self,
        rules: Mapping[str, Mapping[str, float]],
        tables: Mapping[str, Sequence[Word]],
        start: str = "story",
    ) -> None:
        self._start = start
        compiler = _Compiler(rules, tables)
        self._tables = {name: [compiler.entry(w, name) for w in words] for name, words in tables.items()}
        self._choices: dict[tuple[str, tuple[str, ...]], _Choice] = {
            (name, ()): _Choice([(weight, compiler.pieces(t, name), None) for t, weight in templates.items()])
            for name, templates in rules.items()
        }

    def tell(self, rng: random.Random, start: str = "") -> tuple[str, float]:
        """Draw one text; return it and -ln of the probability of the choices made, in nats."""
        parts: list[str] = []
        nats = 0.0
        scope: _Scope = {}
        stack: list[_Piece] = [_Draw(start or self._start)]
        while stack:
            piece = stack.pop()
            if isinstance(piece, str):
                parts.append(piece)
            elif isinstance(piece, _Recall):
                stack.extend(scope[piece.variable].forms[piece.form])
            else:
                option = self._choice(piece, scope).at(rng.random())
                nats += option.nats
                if option.entry and piece.variable:
                    scope[piece.variable] = option.entry
                if not piece.silent:
                    stack.extend(option.pieces)
        return "".join(parts), nats

    def nats(self, text: str, start: str = "") -> float:
        """Return the exact -ln P(text) in nats, summed over every derivation; inf if there is none.

        A search from the left: each open derivation is carried on to its next choice, and given up as soon
        as what it writes differs from the text.
        """
        found: list[float] = []
        agenda = [_Derivation(0, (_Draw(start or self._start), None), {}, 0.0)]
        while agenda:
            state = _advance(agenda.pop(), text)
            if state is None:
                continue
            if state.stack is not None:
                agenda.extend(self._branches(state.stack, state))
            elif state.at == len(text):
                found.append(state.nats)
        return _minus_log_sum_exp(found)

    def _branches(self, stack: tuple, state: _Derivation) -> Iterator[_Derivation]:
        draw, rest = stack
        for option in self._choice(draw, state.scope).options:
            scope = state.scope
            if option.entry and draw.variable:
                scope = {**scope, draw.variable: option.entry}
            yield _Derivation(
                state.at, rest if draw.silent else _push(option.pieces, rest), scope, state.nats + option.nats
            )

    def _choice(self, draw: _Draw, scope: _Scope) -> _Choice:
        source = draw.source
        if "." in source:
            variable, form = source.split(".")
            source = scope[variable].word.forms[form]
        excluded = tuple([scope[name].word.text for name in draw.excluded])
        choice = self._choices.get((source, excluded))
        if choice is None:
            left = [e for e in self._tables[source] if e.word.text not in excluded]
            choice = _Choice([(e.word.weight, (e.word.text,), e) for e in left])
            self._choices[source, excluded] = choice
        return choice


def _advance(state: _Derivation, text: str) -> _Derivation | None:
    """Follow the text to the derivation's next choice or its end; None if it says something else."""
    at, stack = state.at, state.stack
    while stack is not None:
        piece, rest = stack
        if isinstance(piece, str):
            if not text.startswith(piece, at):
                return None
            at += len(piece)
            stack = rest
        elif isinstance(piece, _Recall):
            stack = _push(state.scope[piece.variable].forms[piece.form], rest)
        else:
            break
    return state._replace(at=at, stack=stack)


def _push(pieces: _Pieces, stack: tuple | None) -> tuple | None:
    for piece in pieces:
        stack = (piece, stack)
    return stack


def _minus_log_sum_exp(nats: list[float]) -> float:
    """Return -ln of the sum of exp(-n); one value is given back as it is, none gives inf."""
    if len(nats) < 2:
        return nats[0] if nats else math.inf
    least = min(nats)
    return least - math.log(math.fsum(math.exp(least - n) for n in nats))


_REFERENCE = re.compile(
    r"\{(?P<silent>!?)(?P<variable>\w+)=(?P<source>\w+(?:\.\w+)?)(?: except (?P<excluded>[\w ]+))?\}"
    r"|\{(?P<name>\w+)(?:\.(?P<form>\w+))?\}"
)


class _Compiler:
    """Turns template strings into pieces, and checks that every name in them means something."""

    def __init__(
        self, rules: Mapping[str, Mapping[str, float]], tables: Mapping[str, Sequence[Word]]
    ) -> None:
        self._tables = set(tables)
        self._sources = {*rules, *tables}
        forms = [form for words in tables.values() for word in words for form in word.forms.values()]
        templates = [*forms, *(template for rule in rules.values() for template in rule)]
        self._variables = {m["variable"] for t in templates for m in _REFERENCE.finditer(t) if m["variable"]}
        for name in self._sources & self._variables:
            raise GrammarError(f"{name} is a variable and also a rule or table: give one another name.")

    def entry(self, word: Word, table: str) -> _Entry:
        """Compile a word's forms, each as it is and with a capital letter."""
        forms: dict[str, _Pieces] = {}
        for form, template in {"": word.text, **word.forms}.items():
            forms[form] = self.pieces(template, table)
            forms[_capital(form) or "Self"] = self.pieces(_capital(template), table)
        return _Entry(word, forms)

    def pieces(self, template: str, where: str) -> _Pieces:
        """Compile one template of the rule or table `where`."""
        pieces: list[_Piece] = []
        at = 0
        for match in _REFERENCE.finditer(template):
            pieces += [template[at : match.start()], self._reference(match, where)]
            at = match.end()
        pieces.append(template[at:])
        if any(isinstance(p, str) and ("{" in p or "}" in p) for p in pieces):
            raise GrammarError(f"{where} has a brace that opens or closes nothing in {template!r}.")
        return tuple(p for p in reversed(pieces) if p != "")

    def _reference(self, match: re.Match[str], where: str) -> _Piece:
        source, name, form = match["source"], match["name"], match["form"]
        if source:
            excluded = tuple((match["excluded"] or "").split())
            first = source.split(".")[0]
            self._check([first, *excluded], match[0], where)
            if first == source and source not in self._tables:
                raise GrammarError(f"{where} has {match[0]}, but only a word of a table can be remembered.")
            return _Draw(source, match["variable"], excluded, bool(match["silent"]))
        if name in self._sources and not form:
            return _Draw(name)
        variable = name[:1].lower() + name[1:]
        self._check([variable], match[0], where)
        return _Recall(variable, form or ("" if name == variable else "Self"))

    def _check(self, names: Iterable[str], reference: str, where: str) -> None:
        for name in names:
            if name not in self._sources | self._variables:
                raise GrammarError(f"{where} has {reference}, but {name} is no rule, table or variable.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
