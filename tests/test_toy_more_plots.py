import re

import pytest

from playground.corpora.toy_more_plots import MORE_RULES
from playground.corpora.toy_plots import RULES
from playground.corpora.toy_stories import generate_stories
from playground.corpora.toy_words import TABLES


@pytest.fixture(scope="module")
def stories() -> tuple[str, ...]:
    return generate_stories(3000, seed=9)[0]


def test_no_rule_has_the_name_of_a_rule_in_the_other_module():
    assert len(RULES) > len(MORE_RULES)
    assert all(RULES[name] == {t: float(w) for t, w in rule.items()} for name, rule in MORE_RULES.items())


def test_the_weather_at_the_start_is_the_weather_at_the_end(stories):
    weathers = [word.text for word in TABLES["weathers"]]
    checked = 0
    for story in stories:
        if match := re.search(r"I love (\w+) days|the best (\w+) day|would be (\w+) too", story):
            weather = next(filter(None, match.groups()))
            assert weather in story[: match.start()]
            assert weather in weathers
            checked += 1
    assert checked > 100


def test_what_is_put_on_suits_the_weather(stories):
    checked = 0
    for weather in TABLES["weathers"]:
        gear = [word.text for word in TABLES[weather.forms["gear"]]]
        for story in stories:
            if f'"{weather.forms["see"]}' in story and (
                match := re.search(r" put on \w+ (?!your)(.*?)\. ", story)
            ):
                assert any(thing in match[0] for thing in gear), story
                checked += 1
    assert checked > 100


def test_a_learner_ends_with_the_skill_it_wanted(stories):
    checked = 0
    for skill in TABLES["skills"]:
        win = skill.forms["win"].split("{")[0]
        for story in stories:
            wanted = re.search(rf"wanted to (learn how to )?{skill.text}\. ", story)
            assert (win in story) == bool(wanted), story
            checked += bool(wanted)
    assert checked > 200


def test_the_teacher_is_another_animal_with_another_name(stories):
    told = [
        m for s in stories if (m := re.search(r"(?:met (\w+), a \w+ old (\w+)|old (\w+) named (\w+) saw)", s))
    ]
    assert len(told) > 200
    for match in told:
        name, kind = match[1] or match[4], match[2] or match[3]
        first_sentence = match.string.split(".")[0]
        assert not re.search(rf"\b({name}|{kind})\b", first_sentence)
