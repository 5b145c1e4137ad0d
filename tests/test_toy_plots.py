import math
import re
from collections.abc import Iterator

import pytest

from playground.corpora.grammar import Grammar, Word
from playground.corpora.toy_plots import RULES
from playground.corpora.toy_stories import generate_stories
from playground.corpora.toy_words import TABLES


def expand(text: str, memory: dict[str, Word]) -> Iterator[tuple[str, float]]:
    """Enumerate all that a template can say by rewriting its first brace, again and again: brute force."""
    brace = re.search(r"\{(!?)(?:(\w+)=)?([\w.]+)(?: except ([\w ]+))?\}", text)
    if brace is None:
        yield text, 1.0
        return
    silent, variable, source, excluded = brace.groups()
    before, after = text[: brace.start()], text[brace.end() :]
    name, _, form = source.partition(".")
    remembered = memory.get(name[0].lower() + name[1:])
    if source in RULES:
        options = [(template, weight, memory) for template, weight in RULES[source].items()]
    elif remembered and not variable:
        said = remembered.forms[form.lower()] if form else remembered.text
        options = [(said[0].upper() + said[1:] if (form or name)[0].isupper() else said, 1, memory)]
    else:
        table = TABLES[remembered.forms[form] if form and remembered else source]
        barred = {memory[other].text for other in (excluded or "").split()}
        words = [word for word in table if word.text not in barred]
        remember = (lambda w: {**memory, variable: w}) if variable else (lambda w: memory)
        options = [("" if silent else w.text, w.weight, remember(w)) for w in words]
    total = sum(weight for _, weight, _ in options)
    for said, weight, then in options:
        for whole, p in expand(before + said + after, then):
            yield whole, p * weight / total


@pytest.mark.parametrize("template", [
    "{!hero=names}{opening}",
    "{!hero=names}{learned_who}",
    "{when}",
    "{found_promise}",
    "{!place=places}{spot=place.spots} {other=place.spots except spot} {third=place.spots except spot other}",
    "{!hero=names}{friend=names except hero}: {need=needs}, {need.help}, {friend.Him}",
    "{!animal=animals}{fur=furs} {animal}: {pet=fur.pet_names} says {animal.Noise} {place=places} {place.at}",
    "{!hero=names}{elder=elders} {Elder} {hero.His} {weather=weathers} {gear=weather.gear} {weather.fun}",
])  # fmt: skip
def test_parts_small_enough_to_write_out_have_total_probability_one(template):
    grammar = Grammar({**RULES, "part": {template: 1}}, TABLES)
    law: dict[str, float] = {}
    for text, p in expand(template, {}):
        law[text] = law.get(text, 0) + p
    assert math.fsum(law.values()) == pytest.approx(1, abs=1e-9)
    texts = list(law)
    for text in texts[:: 1 + len(texts) // 200]:
        assert grammar.nats(text, "part") == pytest.approx(-math.log(law[text]), abs=1e-9)


def test_every_rule_can_be_reached_and_every_weight_is_positive():
    forms = [form for words in TABLES.values() for word in words for form in word.forms.values()]
    reached, fresh = set(), {"story"}
    while fresh:
        reached |= fresh
        texts = forms + [template for name in fresh for template in RULES[name]]
        fresh = {name for text in texts for name in re.findall(r"\{(\w+)\}", text) if name in RULES} - reached
    assert reached == set(RULES)
    assert all(weight > 0 for templates in RULES.values() for weight in templates.values())


@pytest.fixture(scope="module")
def stories() -> tuple[str, ...]:
    return generate_stories(3000, seed=8)[0]


def test_a_hero_is_he_or_she_from_end_to_end(stories):
    """Where no second person is named, the only pronouns are the hero's."""
    people = re.compile("|".join(w.text for w in TABLES["names"] + TABLES["elders"]), re.IGNORECASE)
    kind = {word.text: word.forms["he"] for word in TABLES["names"]}
    alone = [s for s in stories if len(set(people.findall(s))) == 1]
    assert len(alone) > 100
    for story in alone:
        wrong = {"he": r"\b(she|her)\b", "she": r"\b(he|him|his)\b"}[kind[people.findall(story)[0]]]
        assert not re.search(wrong, story, re.IGNORECASE), story


def test_a_lost_toy_is_the_toy_that_is_found(stories):
    colors = {color.text for color in TABLES["colors"]}
    checked = 0
    for story in stories:
        if match := re.search(r"(?:soon|done,) the ([a-z ]+) was gone\.|he lost the ([a-z ]+)\.", story):
            toy = match[1] or match[2]
            after = story[match.end() :].split("dreamed")[0]
            at_first = re.findall(rf"(\w+) {toy}\b", story[: match.start()])[0]
            assert at_first in colors
            assert toy in after
            assert set(re.findall(rf"(\w+) {toy}\b", after)) & colors <= {at_first}, story
            checked += 1
    assert checked > 200


def test_an_animal_that_is_heard_is_the_animal_that_is_seen(stories):
    animal_of = {word.forms["noise"].capitalize(): word.text for word in TABLES["animals"]}
    heard = [(s, m[1]) for s in stories if (m := re.search(r'sound\. "(\w+), \w+!"', s))]
    assert len(heard) > 200
    assert all(re.search(rf"\b{animal_of[noise]}\b", story.split("sound.")[1]) for story, noise in heard)


def test_a_pet_is_named_for_its_fur(stories):
    fur_of = {name.text: fur.text for fur in TABLES["furs"] for name in TABLES[fur.forms["pet_names"]]}
    named = [(s, m[1]) for s in stories if (m := re.search(rf"\b({'|'.join(fur_of)})\b", s))]
    assert len(named) > 100
    assert all(fur_of[pet] in story[: story.index(pet)] for story, pet in named)
