import copy
import pickle

import pytest

from playground.corpora.templates import Template, TemplateError, as_text, record_template


def test_fields_are_put_in_and_a_typed_line_break_is_one():
    template = Template(r"Question: {question}\nAnswer: {answer} {{kept}}")
    assert template.fields == ["question", "answer"]
    assert template.fill({"question": "a\r\nb", "answer": "{question}"}) == (
        "Question: a\nb\nAnswer: {question} {kept}"
    )
    assert template.fill({"answer": None}) == "Question: \nAnswer:  {kept}"


@pytest.mark.parametrize(
    "template",
    ["{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{}", "{", "}", "{a", "no field", "{a.__class__}", "{{a}}"],
)
def test_anything_but_plain_fields_is_refused(template):
    with pytest.raises(TemplateError) as caught:
        Template(template)
    assert repr(template) in str(caught.value)
    assert str(caught.value).endswith(".")


def test_values_that_are_no_text():
    assert as_text(None) == ""
    assert as_text(3.5) == "3.5"
    assert as_text([{"ä": 1}]) == '[{"ä": 1}]'


@pytest.mark.parametrize(("columns", "column", "template", "fields"), [
    (["story"], "", "", ["story"]), (["x"], "", "", ["x"]), (["id", "text", "story"], "", "", ["text"]),
    (["a.b", "c"], "a.b", "", ["a.b"]), (["q", "a"], "", "{a}{q}{a}", ["a", "q", "a"]),
])  # fmt: skip
def test_the_column_is_named_or_the_only_one_or_the_usual_one(columns, column, template, fields):
    assert record_template(columns, column, template, "it").fields == fields


@pytest.mark.parametrize(("column", "template", "message"), [
    ("", "", "it has several columns, so name the one that is text: q, a."),
    ("x", "", "it has no column 'x': its columns are q, a."),
    ("", "{q}{x}", "it has no column 'x': its columns are q, a."),
])  # fmt: skip
def test_a_column_that_is_not_there_is_refused_with_those_that_are(column, template, message):
    with pytest.raises(TemplateError) as caught:
        record_template(["q", "a"], column, template, "it")
    assert str(caught.value) == message


def test_of_many_columns_the_first_are_listed():
    with pytest.raises(TemplateError, match=r"c0, .*, c19 and 80 more\.$"):
        record_template([f"c{i}" for i in range(100)], "x", "", "it")


def test_a_filled_template_can_be_copied():
    document = Template("Question: {q}\nAnswer: {a}").fill({"q": "1+1?", "a": "2"})
    for same in (copy.deepcopy(document), pickle.loads(pickle.dumps(document))):
        assert (same, same.last_field_at) == (document, len("Question: 1+1?\nAnswer: "))
