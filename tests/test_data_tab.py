"""The Data tab in a real browser."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from playground.config import RunConfig
from tests.app_process import App, choose, newest, open_page, running

SLOW = 60_000
"""Milliseconds that a busy machine may take."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with running(App(tmp_path_factory.mktemp("data") / "runs")) as app:
        yield app


def open_data(page, app):
    open_page(page, app)
    page.get_by_role("tab", name="Data", exact=True).click()


def test_a_source_chosen_in_either_tab_is_chosen_in_both(page, app):
    open_page(page, app)
    choose(page, "Text", "Markov chain")
    expect(page.locator("#text-chosen")).to_contain_text("Characters, 90 / 10", timeout=SLOW)
    page.locator("#to-data").click()
    expect(page.get_by_label("Markov chain")).to_be_checked(timeout=SLOW)
    expect(page.locator("#data-parameter")).to_contain_text("Order of the chain")
    floor = page.locator("#data-baselines [data-line=floor] b").nth(1)
    expect(floor).to_have_text(re.compile(r"\d\.\d{3}"), timeout=SLOW)
    in_nats = floor.inner_text()
    page.locator("#data-unit").get_by_label("perplexity").click()
    expect(floor).not_to_have_text(in_nats, timeout=SLOW)
    page.get_by_label("Brackets").click()
    expect(page.locator("#data-about")).to_contain_text("Balanced brackets", timeout=SLOW)
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#corpus input")).to_have_value("Brackets", timeout=SLOW)


def test_a_table_is_looked_at_and_trained_as_its_template_says(page, app, tmp_path):
    path = tmp_path / "sums.jsonl"
    rows = [{"question": f"<b>{i}</b> and {i}?", "answer": str(2 * i), "id": i} for i in range(200)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    open_data(page, app)
    page.get_by_label("Your own text").click()
    page.locator("#own-file input[type=file]").set_input_files(str(path))
    expect(page.locator("#data-status .pg-error")).to_contain_text("question, answer, id", timeout=SLOW)
    page.locator("#data-template textarea").fill("Q: {question} A: {answer}")
    page.locator("#data-tokenizer input").click()
    page.get_by_role("option", name="Characters").click()
    page.get_by_role("tab", name="Documents").click()
    document = page.locator("#data-document pre")
    expect(document).to_have_text(re.compile(r"^Q: <b>\d+</b> and \d+\? A: \d+$"), timeout=SLOW)
    first = document.inner_text()
    page.get_by_role("button", name="Next ›").click()
    expect(document).not_to_have_text(first, timeout=SLOW)
    page.get_by_label("Padded documents").click()
    page.get_by_role("tab", name="The batch").click()
    expect(page.locator("#data-batch .pg-pad").first).to_be_visible(timeout=SLOW)
    expect(page.locator("#data-batch")).to_contain_text("Batch of step 1")
    page.get_by_role("button", name="Next batch").click()
    expect(page.locator("#data-batch")).to_contain_text("Batch of step 2", timeout=SLOW)

    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#text-chosen")).to_contain_text("sums.jsonl")
    page.get_by_role("button", name="Launch training").click()
    expect(page.locator("#launch-message")).to_contain_text("Started as own-text", timeout=SLOW)
    run = newest(app)
    config = RunConfig.from_json((run / "config.json").read_text())
    assert config.data.batches == "padded"
    assert (run / config.data.text_file).read_bytes() == path.read_bytes()
    page.locator("#stop").click(timeout=SLOW)


def tsv(path, rows):
    path.write_text("heading\tpassage\n" + "".join(f"{row['heading']}\t{row['passage']}\n" for row in rows))


def parquet(path, rows):
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(rows), path)


@pytest.mark.parametrize("write", [tsv, parquet])
def test_the_column_of_an_uploaded_table_is_chosen(page, app, tmp_path, write):
    path = tmp_path / f"notes.{write.__name__}"
    write(
        path,
        [{"heading": f"heading {i}", "passage": f"the passage of note {i} says little"} for i in range(60)],
    )
    open_data(page, app)
    page.get_by_label("Your own text").click()
    page.locator("#own-file input[type=file]").set_input_files(str(path))
    expect(page.locator("#data-status .pg-error")).to_contain_text("heading, passage", timeout=SLOW)
    page.get_by_role("tab", name="Documents").click()
    document = page.locator("#data-document pre")
    for column, words in (
        ("passage", r"^the passage of note \d+ says little$"),
        ("heading", r"^heading \d+$"),
    ):
        page.locator("#data-column input").click()
        page.get_by_role("option", name=column).click()
        expect(document).to_have_text(re.compile(words), timeout=SLOW)


def test_a_long_text_shows_its_progress_and_is_cancelled(page, app):
    open_data(page, app)
    page.get_by_label("Python standard library").click()
    button = page.locator("#data-cancel")
    expect(page.locator("#data-status .pg-progress")).to_be_visible(timeout=SLOW)
    expect(button).to_have_text("Cancel")
    button.click()
    expect(page.locator("#data-status")).to_contain_text("Cancelled", timeout=SLOW)
    expect(button).to_have_text("Prepare")
    page.get_by_label("Toy Stories").click()
    expect(page.locator("#data-baselines [data-line=bigram]")).to_be_visible(timeout=SLOW)
    expect(button).to_be_hidden()


def test_a_dataset_without_a_network_is_said_in_a_sentence(page, app):
    open_data(page, app)
    page.get_by_label("Hugging Face dataset").click()
    page.locator("#hub-preset input").click()
    page.get_by_role("option", name="GSM8K").click()
    expect(page.locator("#hub-id textarea, #hub-id input").first).to_have_value(
        re.compile("nuprl"), timeout=SLOW
    )
    expect(page.locator("#data-template textarea")).to_have_value("Question: {question}\nAnswer: {answer}")
    expect(page.locator("#data-status .pg-error")).to_contain_text("can't be reached", timeout=SLOW)
