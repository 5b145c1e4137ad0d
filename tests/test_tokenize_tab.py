"""The Tokenize tab in a real browser, served alone; and what its functions answer."""

from __future__ import annotations

import dataclasses
import json
import re
import time

import gradio as gr
import pytest
from playwright.sync_api import expect

from playground.tokenizers import gpt2_tokenizer
from playground.ui.data_form import default_data
from playground.ui.theme import CSS, THEME
from playground.ui.token_view import TOKEN_CSS
from playground.ui.tokenize_tab import build_tokenize_tab, cut, facts, merges, offer, vocabulary

SMALL = {"corpus": "brackets"}
TEXT = "#tokenize-text textarea"
CELLS = "#tokenize-view-a .pg-tok"
NASTY = '<img src=x onerror="window.hurt=1"> & <b>bold</b>'


@pytest.fixture(scope="module")
def url():
    with gr.Blocks(analytics_enabled=False) as demo, gr.Tabs(), gr.Tab("Tokenize"):
        lab = build_tokenize_tab()
        offered = iter(["to be or not to be " * 40, "tralala " * 40])
        form = dataclasses.replace(default_data(), corpus="text")
        gr.Button("Offer").click(
            lambda: offer(dataclasses.replace(form, own_text=next(offered))), None, lab, queue=False
        )
    demo.launch(prevent_thread_lock=True, quiet=True, css=CSS + TOKEN_CSS, theme=THEME, ssr_mode=False)
    yield demo.local_url
    demo.close()


@pytest.fixture
def lab(page, url):
    page.goto(url)
    expect(page.locator(CELLS).first).to_be_visible(timeout=30_000)
    return page


def choose(page, kind, pane="a"):
    page.locator(f"#tokenize-kind-{pane}").select_option(kind)


def figure(page, words, pane="a"):
    return (
        page.get_by_test_id(f"figures-{pane}").locator("span", has_text=re.compile(f" {words}$")).locator("b")
    )


def shown_text(page):
    """The text as the view shows it, bytes of a character that is split left out."""
    return page.evaluate("""() => [...document.querySelectorAll("#tokenize-view-a > div")].map((chunk) =>
      [...chunk.children].map((cell) => (cell.matches(".pg-group") ? cell.firstChild : cell).textContent)
        .join("")).join("")""")


def test_every_place_of_an_id_lights_up_and_is_described(lab):
    choose(lab, "gpt2")
    lab.locator(TEXT).fill("the cat, the dog and the cat")
    expect(figure(lab, "tokens")).to_have_text("8")
    lab.locator(CELLS).nth(1).hover()
    info = lab.get_by_test_id("info-a")
    expect(info).to_have_text("id 3797 · ' cat' · bytes 20 63 61 74 · 2 here (25.0 %)")
    colours = lab.evaluate(
        f"[...document.querySelectorAll('{CELLS}')].map((c) => getComputedStyle(c).backgroundColor)"
    )
    lit = [place for place, colour in enumerate(colours) if colour == colours[1]]
    assert lit == [1, 7]
    lab.mouse.move(5, 5)
    expect(info).to_have_text("")
    lab.locator("#tokenize-view-a").press("Home")
    lab.locator("#tokenize-view-a").press("ArrowRight")
    expect(info).to_contain_text("id 3797")


def test_token_text_is_never_markup(lab):
    lab.locator(TEXT).fill(NASTY)
    for kind in ("byte", "gpt2"):
        choose(lab, kind)
        expect(figure(lab, "bytes")).to_have_text(str(len(NASTY)))
        lab.wait_for_function(f"document.querySelectorAll('{CELLS}').length > 9")
    for details in lab.locator("details").all():
        details.locator("summary").click()
    choose(lab, "hf")
    lab.locator("[data-pane=a] [data-part=name]").fill("/no/<img src=x onerror=window.hurt=1>")
    lab.locator("[data-pane=a] [data-part=name]").blur()
    expect(lab.locator("[data-pane=a] [data-part=note]")).to_contain_text("<img src=x", timeout=15_000)
    assert lab.locator(".pg-lab img").count() == 0
    assert lab.evaluate("window.hurt") is None


def test_a_character_over_several_tokens_is_shown_whole_with_its_bytes(lab):
    choose(lab, "byte")
    text = "a😀\u05d0b\n" * 500
    lab.locator(TEXT).fill(text)
    expect(figure(lab, "tokens")).to_have_text(f"{len(text.encode()):,}")
    expect(lab.locator("#tokenize-view-a .pg-group").first).to_have_text("😀f09f9880")
    assert lab.locator(CELLS).count() < len(text.encode()), "what is out of sight waits"
    lab.locator("#tokenize-view-a").press("End")
    expect(lab.get_by_test_id("info-a")).to_contain_text("500 here")
    for place in range(0, 4500, 100):
        lab.evaluate(f"document.querySelectorAll('#tokenize-view-a > div')[{place // 100}]?.scrollIntoView()")
        lab.wait_for_timeout(15)
    assert shown_text(lab) == text.replace("\n", "⏎")


def test_a_long_text_is_put_in_at_once(lab):
    """An editor's own way fires an event for each of its 4,000 lines."""
    choose(lab, "byte")
    lab.locator(TEXT).evaluate("(area) => area.addEventListener('input', () => { window.typed = true; })")
    lab.locator(TEXT).fill("x = 1  # one of many lines\n" * 4000)
    expect(figure(lab, "tokens")).to_have_text("108,000")
    assert not lab.evaluate("window.typed"), "no event of the editor's own"
    lab.locator(TEXT).press("End")
    lab.locator(TEXT).type("!")
    expect(figure(lab, "tokens")).to_have_text("108,001")


def test_merges_are_watched_one_by_one(lab):
    merge = lab.locator("[data-pane=a] [data-part=merge]")
    expect(merge).to_contain_text("After merge 767 of")
    lab.locator(TEXT).fill("is a a b")
    lab.locator("#tokenize-size-a").fill("257")
    expect(merge).to_contain_text("every byte is a token")
    expect(figure(lab, "tokens")).to_have_text("8")
    lab.get_by_role("button", name="One merge more").first.click()
    expect(merge).to_contain_text(
        re.compile(r"After merge 1 of [\d,]+: · \+ a → ·a, joined in [\d,]+ places"), timeout=20_000
    )
    expect(figure(lab, "tokens")).to_have_text("6")
    expect(lab.get_by_test_id("info-a")).to_contain_text("2 here")
    lab.get_by_role("button", name="Play the merges").first.click()
    expect(merge).to_contain_text("After merge 4", timeout=10_000)
    lab.get_by_role("button", name="Pause the merges").first.click()


def test_two_tokenizers_and_what_is_known_of_the_corpus(lab):
    lab.locator("#tokenize-corpus").select_option("brackets")
    choose(lab, "char")
    lab.locator("#tokenize-compare").check()
    choose(lab, "byte", "b")
    expect(figure(lab, "in the vocabulary", "b")).to_have_text("257")
    lab.locator("details[data-part=baselines] summary").click()
    tables = lab.locator("[data-part=levels] table")
    expect(tables).to_have_count(2, timeout=60_000)
    for words in ("uniform", "bigram", "strongest", "floor"):
        expect(tables.nth(1)).to_contain_text(words)
    lab.locator("details[data-part=vocabulary] summary").click()
    first = lab.locator("[data-part=rows] tbody tr").first
    expect(first).to_contain_text("'('")
    expect(first).not_to_contain_text("…")
    lab.locator("[data-part=zipf] circle").first.hover(force=True)
    expect(lab.locator("[data-part=zipf-named]")).to_contain_text("rank 1 is")
    lab.locator("#tokenize-query").fill("]")
    expect(lab.locator("[data-part=rows] tbody tr")).to_have_count(1)
    lab.locator("details[data-part=table] summary").click()
    expect(lab.locator("[data-part=table-b] tbody tr").nth(1)).to_contain_text("'h'")


def test_a_source_is_given_its_number(lab):
    number, summary = lab.locator("#tokenize-parameter"), lab.locator("details[data-part=baselines] summary")
    expect(number).to_be_hidden()
    lab.locator("#tokenize-corpus").select_option("markov")
    expect(lab.get_by_label("Order of the chain, 1 to 4")).to_have_value("2")
    choose(lab, "char")
    summary.click()
    floor = lab.locator("[data-part=levels] tr", has_text="floor").locator("td").nth(1)
    expect(floor).to_be_visible(timeout=60_000)
    usual = floor.inner_text()
    number.fill("1")
    number.blur()
    expect(floor).not_to_have_text(usual, timeout=60_000)


def test_the_text_of_the_data_tab_is_learned_from_and_followed(lab):
    chosen = lab.locator("#tokenize-corpus option[data-chosen]")
    merge = lab.locator("[data-pane=a] [data-part=merge]")
    lab.locator("#tokenize-size-a").fill("258")
    expect(merge).not_to_contain_text("t + o", timeout=20_000)
    lab.get_by_role("button", name="Offer").click()
    expect(chosen).to_have_text("From the Data tab: your text, 760 characters")
    assert lab.locator("#tokenize-corpus").input_value() == "toy-stories"
    lab.locator("#tokenize-corpus").select_option(lab.locator("#tokenize-corpus option").first.inner_text())
    expect(merge).to_contain_text(re.compile("b . e"), timeout=20_000)
    lab.get_by_role("button", name="Offer").click()
    expect(chosen).to_have_text("From the Data tab: your text, 320 characters")
    expect(merge).to_contain_text(re.compile("l . a|a . l"), timeout=20_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser, url, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{url}?__theme={scheme}")
    expect(page.locator(CELLS).first).to_be_visible(timeout=30_000)
    page.locator("#tokenize-compare").check()
    for details in page.locator("details").all():
        details.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def answer(function, **request):
    return json.loads(function({**SMALL, **request}))


def until_done(function, **request):
    for _ in range(600):
        found = answer(function, **request)
        if "working" not in found:
            return found
        time.sleep(0.05)
    raise AssertionError("it was never done")


def test_whatever_a_page_sends_is_answered_in_one_sentence():
    for request in (None, [], {}, {"kind": "x"}, {"kind": "byte"}, {"kind": "byte", "corpus": "x"}):
        for function in (cut, facts, merges, vocabulary):
            assert "error" in json.loads(function(request))
    assert "up to 1,000,000" in answer(cut, kind="byte", text="a" * 1_000_001)["error"]
    assert "name of a tokenizer" in answer(cut, kind="hf")["error"]


def test_a_smaller_vocabulary_has_the_first_merges_and_says_which_was_last():
    found = answer(cut, kind="bpe", size=260, text="()()")
    assert found["merge"]["number"] == 3
    assert found["d_vocab"] == 260
    assert found["merge"]["id"] == 258
    assert answer(cut, kind="bpe", size=257, text="()()")["merge"]["number"] == 0


def test_counts_of_a_vocabulary_are_those_of_the_training_text():
    found = until_done(facts, kind="char")
    rows = answer(vocabulary, kind="char", counted=True)["rows"]
    assert sum(row[4] for row in rows) == found["n_tokens"]
    assert [row[4] for row in rows] == sorted((row[4] for row in rows), reverse=True)
    assert found["lossless"]
    assert len(until_done(merges, kind="bpe")["counts"]) > 10


def test_the_tab_has_gpt2s_ids():
    found = answer(cut, kind="gpt2", text="Hello, world!")
    assert sorted(found["ids"]) == sorted(gpt2_tokenizer().encode("Hello, world!")) == [0, 11, 995, 15496]
