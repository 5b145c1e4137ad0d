"""The texts that the Tokenize tab learns from and counts, by name: built in, or as the Data tab has them.

A built-in corpus is named by its spec, as markov:3. A text of the Data tab, which may be pasted, uploaded or
a dataset of the Hub, is named by a hash of what it is, and kept here under that name.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import OrderedDict
from threading import Lock

from playground.corpora import CORPORA, UnknownCorpus
from playground.corpora.catalogue import parse_spec
from playground.ui.data_form import HUB, OWN_TEXT, DataForm, default_data

KEPT = 16
"""Texts of the Data tab that are kept, those chosen last."""

PREFIX = "chosen-"

_chosen: OrderedDict[str, DataForm] = OrderedDict()
_lock = Lock()


def keep(form: DataForm) -> str:
    """Keep the text of a form, however it is cut; return the name under which `text_of` finds it."""
    form = dataclasses.replace(form, tokenizer="char")
    name = PREFIX + hashlib.blake2b(form.key().encode(), digest_size=16).hexdigest()
    with _lock:
        _chosen[name] = form
        _chosen.move_to_end(name)
        while len(_chosen) > KEPT:
            _chosen.popitem(last=False)
    return name


def text_of(name: str) -> DataForm:
    """Return the form that chooses a text; raises UnknownCorpus in one sentence if there is none."""
    if name.startswith(PREFIX):
        with _lock:
            if name not in _chosen:
                raise UnknownCorpus("This text is no longer kept here: choose it again in the Data tab.")
            _chosen.move_to_end(name)
            return _chosen[name]
    corpus, parameter = parse_spec(name)
    return dataclasses.replace(default_data(), corpus=corpus, parameter=parameter, tokenizer="char")


def title_of(form: DataForm) -> str:
    """Return what a text is, for a list to choose from."""
    if form.corpus == HUB:
        return form.hub.strip()
    if form.corpus == OWN_TEXT and form.own_file:
        return form.own_file.replace("\\", "/").rpartition("/")[2]
    if form.corpus == OWN_TEXT:
        return f"your text, {len(form.own_text):,} characters"
    info = CORPORA[form.corpus]
    number = f", {info.parameter.label.lower()} {form.parameter:g}" if info.parameter else ""
    return f"{info.title}{number}"
