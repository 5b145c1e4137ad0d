from __future__ import annotations

import base64
import json
import math

import gradio as gr
import numpy as np
import pytest
import torch

from playground.sampling import repetition_penalty
from playground.ui.distribution import MAX_LABELS, STATIC, Distribution, connect, pack_distribution

RULES = ["", "temperature 0", "top-k", "top-p", "min-p"]


def pack(logits, label=str, context="", source=""):
    return pack_distribution(np.asarray(logits, dtype=np.float32), label, context, source)


def unpack(value) -> np.ndarray:
    return np.frombuffer(base64.b64decode(value["logits"]), dtype="<f4")


def test_pack_keeps_every_logit_and_ranks_them():
    logits = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    value = pack(logits, label=lambda i: f"<{i}>", context="after “x”", source="run, step 4")
    assert np.all(np.diff(unpack(value)) <= 0)
    assert sorted(unpack(value)) == sorted(logits)
    assert len(value["ids"]) == len(value["labels"]) == MAX_LABELS
    assert np.array_equal(logits[value["ids"]], unpack(value)[:MAX_LABELS])
    assert value["labels"] == [f"<{i}>" for i in value["ids"]]
    assert (value["context"], value["source"]) == ("after “x”", "run, step 4")
    json.dumps(value)


def test_pack_keeps_ties_in_id_order():
    assert pack([1, 3, 2, 3, 1, 3])["ids"] == [1, 3, 5, 2, 0, 4]
    assert pack([0.0] * 300)["ids"] == list(range(MAX_LABELS))


def test_pack_leaves_its_input_alone_and_takes_removed_tokens():
    logits = np.array([0.0, -math.inf, 1.0], dtype=np.float32)
    assert pack(logits)["ids"] == [2, 0, 1]
    assert logits.tolist() == [0.0, -math.inf, 1.0]


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([], "shape is"),
        ([[1.0]], "shape is"),
        ([1.0, math.nan], "nan"),
        ([math.inf], "inf"),
        ([-math.inf], "-inf"),
    ],
)
def test_pack_refuses_what_is_no_distribution(logits, message):
    with pytest.raises(ValueError, match=message):
        pack(logits)


def reference(logits, temperature, top_k, top_p, min_p):
    """Probabilities before and after, and the rule that removed each token, straight from the definitions."""
    n = len(logits)

    def softmax(x):
        weights = np.exp(x - np.max(x))
        return weights / weights.sum()

    before = softmax(logits)
    if temperature == 0:
        return before, np.eye(n)[0], ["", *["temperature 0"] * (n - 1)]
    gaps = logits - logits[0]
    with np.errstate(over="ignore"):
        tempered = softmax(np.where(gaps == 0, 0.0, gaps / temperature))
    removed = ["top-k" if top_k and i >= top_k else "" for i in range(n)]
    rest = np.where([not rule for rule in removed], tempered, 0.0)
    rest /= rest.sum()
    if top_p < 1:
        for i in range(1, n):
            if not removed[i] and math.fsum(rest[:i]) >= top_p * (1 - 1e-12):
                removed[i] = "top-p"
    for i in range(n):
        if not removed[i] and tempered[i] < min_p * tempered[0]:
            removed[i] = "min-p"
    kept = np.where([not rule for rule in removed], rest, 0.0)
    return before, kept / kept.sum(), removed


def random_cases(count=200):
    rng = np.random.default_rng(1)
    for _ in range(count):
        n = int(rng.integers(1, 40))
        logits = np.sort(rng.normal(0, rng.choice([0.1, 2, 30]), n))[::-1]
        if rng.random() < 0.4:  # ties, all tokens included
            logits = np.round(logits / 4) * 4 if rng.random() < 0.8 else np.zeros(n)
        temperature = float(rng.choice([0, 1e-40, 0.01, 1, rng.uniform(0.1, 3)]))
        top_k = int(rng.choice([0, 1, n, n + 5, rng.integers(0, n + 1)]))
        top_p = float(rng.choice([0, 1, 0.5, 0.9, rng.random()]))
        yield logits, temperature, top_k, top_p, float(rng.choice([0, 0, 1, rng.random() / 3]))


@pytest.fixture
def reshape(page):
    """Call the browser's reshape() on a list of cases, with the rules' names for their codes."""
    page.add_script_tag(path=STATIC / "reshape.js")

    def call(cases):
        cases = [[np.asarray(logits, dtype=float).tolist(), *rest] for logits, *rest in cases]
        answers = page.evaluate("cases => cases.map((c) => reshape(...c))", cases)
        assert page.evaluate("RULES") == RULES
        return [{**a, "removedBy": [RULES[code] for code in a["removedBy"]]} for a in answers]

    return call


def test_reshape_agrees_with_numpy_on_random_cases(reshape):
    cases = list(random_cases())
    for case, answer in zip(cases, reshape(cases), strict=True):
        before, after, removed = reference(*case)
        np.testing.assert_allclose(answer["before"], before, rtol=1e-9, atol=1e-300, err_msg=str(case))
        np.testing.assert_allclose(answer["after"], after, rtol=1e-9, atol=1e-300, err_msg=str(case))
        assert answer["removedBy"] == removed, case
        assert answer["kept"] == removed.count("")
        for name, p in (("entropyBefore", before), ("entropyAfter", after)):
            positive = p[p > 0]
            expected = -np.sum(positive * np.log(positive))
            assert answer[name] == pytest.approx(expected, abs=1e-9), case


def test_the_penalty_agrees_with_the_core(page):
    page.add_script_tag(path=STATIC / "reshape.js")
    rng = np.random.default_rng(2)
    for penalty in (1.3, 0.5, 4.0):
        logits = np.sort(rng.normal(0, 2, 30).astype(np.float32))[::-1].copy()
        seen = [0, 3, 17, 29]
        answer = page.evaluate(
            "([l, s, p]) => { const a = penalise(l, s, p); return [[...a.logits], [...a.places]]; }",
            [logits.tolist(), seen, penalty],
        )
        expected = repetition_penalty(torch.tensor(logits), torch.tensor(seen), penalty).numpy()
        np.testing.assert_allclose(answer[0], np.sort(expected)[::-1], rtol=1e-6)
        np.testing.assert_allclose(expected[answer[1]], answer[0], rtol=1e-6)


def test_min_p_and_the_penalty_are_drawn(page):
    logits = np.log([0.5, 0.3, 0.2])
    chart = Chart(page, pack_distribution(logits, lambda i: "abc"[i], "", "", [0]))
    chart.move(1, 0, 1, 0.5, 1)
    assert chart.rows() == [["a", "62.5 %"], ["b", "37.5 %"], ["c", "min-p", "0 %"]]
    chart.move(1, 0, 1, 0, 3)  # log .5 is under 0: three times as far down is .125
    assert chart.rows() == [["b", "48.0 %"], ["c", "32.0 %"], ["a", "20.0 %"]]


def kept(reshape, logits, temperature=1, top_k=0, top_p=1):
    return reshape([(logits, temperature, top_k, top_p)])[0]["kept"]


def test_top_p_keeps_the_smallest_set_at_an_exact_sum(reshape):
    logits = np.log([0.5, 0.3, 0.2])
    assert [kept(reshape, logits, top_p=p) for p in (0, 0.3, 0.5, 0.500001, 0.8, 0.800001, 1)] == [
        1,
        1,
        1,
        2,
        2,
        3,
        3,
    ]
    tenths = np.zeros(10)  # 0.1 added up ten times is not 1 in floating point
    assert [kept(reshape, tenths, top_p=k / 10) for k in range(1, 11)] == list(range(1, 11))


def test_top_p_counts_what_top_k_left(reshape):
    logits = np.log([0.4, 0.4, 0.1, 0.1])
    assert kept(reshape, logits, top_p=0.5) == 2
    assert kept(reshape, logits, top_k=2, top_p=0.5) == 1


def test_ties_keep_exactly_k_and_the_first_of_them(reshape):
    answer = reshape([(np.zeros(6), 1, 2, 1)])[0]
    assert answer["removedBy"] == ["", ""] + ["top-k"] * 4
    assert answer["after"] == [0.5, 0.5, 0, 0, 0, 0]
    assert reshape([(np.zeros(6), 0, 0, 1)])[0]["after"] == [1, 0, 0, 0, 0, 0]


def test_tiny_temperature_is_never_nan(reshape):
    for temperature in (1e-40, 1e-320, 5e-324):
        answer = reshape([([3.0, 3.0, -4.0], temperature, 0, 1)])[0]
        assert answer["after"] == [0.5, 0.5, 0]
        assert answer["entropyAfter"] == pytest.approx(math.log(2))


def test_tokens_that_can_not_come_have_no_probability(reshape):
    answer = reshape([([0.0, 0.0, -math.inf], 0.5, 0, 1)])[0]
    assert answer["before"] == answer["after"] == [0.5, 0.5, 0]
    assert answer["entropyAfter"] == pytest.approx(math.log(2))


SETTLE = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
MOUNT = """([html, css, js, props]) => {
  const id = props.slider_key, element = document.body.appendChild(document.createElement("div"));
  element.id = id;
  element.innerHTML = `<style>#${id} { ${css} }</style>${html}`;
  const watch = (name, callback) => { (window.changed ??= {})[id] = callback; };
  (window.given ??= {})[id] = props;
  new Function("element", "props", "watch", js)(element, props, watch);
}"""


class Chart:
    """A Distribution mounted in a bare page, with the handler that its sliders would call."""

    def __init__(self, page, value=None, name="chart", sliders=(1, 0, 1)):
        with gr.Blocks() as blocks:
            component = Distribution(value, elem_id=name)
            connect(component, *(gr.Slider(0, 2, value=at) for at in sliders))
        (event,) = blocks.fns.values()
        self.page, self.name, self.handler = page, name, event.js
        self.root = page.locator(f"#{name}")
        props = {**component.props, "value": component.value or ""}
        page.evaluate(MOUNT, [component.html_template, component.css_template, component.js_on_load, props])

    def move(self, *sliders):
        self.page.evaluate(f"(sliders) => ({self.handler})(...sliders)", list(sliders))
        self.page.evaluate(SETTLE)

    def set(self, value):
        script = "([id, value]) => { given[id].value = value; changed[id](); }"
        self.page.evaluate(script, [self.name, value])
        self.page.evaluate(SETTLE)

    def part(self, name):
        return self.root.get_by_test_id(f"distribution-{name}")

    def text(self, name):
        return self.part(name).inner_text()

    def rows(self):
        rows = self.root.locator('[data-testid="distribution-row"]:not([aria-hidden="true"])')
        return [text.split("\n") for text in rows.all_inner_texts()]

    def height(self):
        return self.root.bounding_box()["height"]

    def stats(self):
        return self.root.get_by_test_id("distribution").evaluate("el => ({...el.__distribution})")


def test_chart_is_friendly_before_and_after_a_value(page):
    chart = Chart(page)
    hint, height = chart.part("hint"), chart.height()
    assert hint.is_visible()
    chart.set(pack(np.log([0.5, 0.3, 0.2]), context="after “the”", source="demo, step 4"))
    assert not hint.is_visible()
    assert (chart.text("context"), chart.text("source")) == ("after “the”", "demo, step 4")
    assert chart.height() == height
    chart.set("")
    assert hint.is_visible()


def test_sliders_remove_and_reweigh(page):
    chart = Chart(page, pack(np.log([0.5, 0.3, 0.2]), label=lambda i: "abc"[i]))
    assert chart.rows() == [["a", "50.0 %"], ["b", "30.0 %"], ["c", "20.0 %"]]
    assert chart.text("kept") == "kept 3 of 3 tokens"
    chart.move(1, 2, 1)
    assert chart.rows() == [["a", "62.5 %"], ["b", "37.5 %"], ["c", "top-k", "0 %"]]
    chart.move(1, 2, 0.6)
    assert chart.rows() == [["a", "100 %"], ["b", "top-p", "0 %"], ["c", "top-k", "0 %"]]
    chart.move(1, 0, 0.5)
    assert chart.rows() == [["a", "100 %"], ["b", "top-p", "0 %"], ["c", "top-p", "0 %"]]
    assert chart.text("kept") == "kept 1 of 3 tokens"
    assert chart.text("entropy") == "entropy 0.00 nats (before 1.03)"
    chart.move(0, 0, 1)
    assert chart.rows() == [["a", "100 %"], ["b", "temperature 0", "0 %"], ["c", "temperature 0", "0 %"]]
    assert chart.stats()["kept"] == 1


def test_a_new_value_is_drawn_with_the_sliders_as_they_stand(page):
    chart = Chart(page)
    chart.move(1, 1, 1)
    chart.set(pack(np.zeros(4)))
    assert chart.stats()["kept"] == 1


def test_an_emptied_number_box_counts_as_off(page):
    chart = Chart(page, pack(np.zeros(4)))
    chart.move(None, None, None)
    assert chart.stats()["kept"] == 4


def test_labels_are_text_and_show_their_whitespace(page):
    labels = ["<img src=x onerror=alert(1)>", " the", "\n", "\t", "a b", " ", "&amp;", "\u200b"]
    chart = Chart(page, pack(-np.arange(8.0), label=lambda i: labels[i]))
    assert [row[0] for row in chart.rows()] == [labels[0], "·the", "↵", "⇥", "a b", "·", "&amp;", "U+200B"]
    assert page.locator("#chart img").count() == 0


def test_many_moves_share_a_redraw_and_a_large_vocabulary_is_quick(page):
    logits = np.random.default_rng(0).normal(0, 2, 50_257)
    chart = Chart(page, pack(logits))
    assert len(chart.rows()) == 20
    assert chart.text("rest").startswith("50,237 others: ")
    before = chart.stats()["redraws"]
    page.evaluate(f"() => {{ for (let i = 1; i <= 100; i++) ({chart.handler})(1, i, 1); }}")
    page.evaluate(SETTLE)
    assert chart.stats()["redraws"] <= before + 2
    assert chart.stats()["kept"] == 100
    times = []
    for i in range(20):
        chart.move(0.3 + i / 10, 40 * i, 0.95)
        times.append(chart.stats()["lastMs"])
    assert sorted(times)[10] <= 50


def test_two_charts_listen_to_their_own_sliders(page):
    left = Chart(page, pack(np.zeros(8)), name="left")
    right = Chart(page, pack(np.zeros(8)), name="right", sliders=(1, 3, 1))
    assert (left.stats()["kept"], right.stats()["kept"]) == (8, 3)
    left.move(1, 5, 1)
    assert (left.stats()["kept"], right.stats()["kept"]) == (5, 3)


@pytest.mark.parametrize("width", [350, 560])
def test_chart_fits_narrow_columns(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    label = "a very long label that no column can hold, whatever its width may be"
    Chart(
        page,
        pack(
            np.zeros(50_257), label=lambda i: label, context=label * 3, source="a-run-with-a-name, step 400"
        ),
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
