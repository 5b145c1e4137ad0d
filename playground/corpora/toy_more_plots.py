"""Four more plots of Toy Stories: a day outside, a birthday, taking turns, and an animal that learns.

The shared sentences and the rule `story` are in toy_plots.py.
"""

from __future__ import annotations

# The weather decides what is worn, what is played, and what there is to drink afterwards.
_OUTSIDE = {
    "outside": {"{outside_see} {outside_wear} {outside_play}{outside_laugh} {outside_home} {outside_end}": 1},
    "outside_see": {
        "One {weather=weathers} {outside_time}, {hero} looked out of the window. "
        '"{weather.see}! Can I go outside?" {hero.he} asked {hero.his} {elder=elders}.': 3,
        "It was a {weather=weathers} {outside_time}. "
        '"{weather.see}, and I want to play," said {hero} to {hero.his} {elder=elders}.': 2,
    },
    "outside_time": {"morning": 3, "day": 3, "afternoon": 2},
    "outside_wear": {
        '"Yes, but put on your {gear=weather.gear}," said {hero.his} {elder}. '
        "So {hero} put on {hero.his} {color=colors} {gear}.": 3,
        '"Then take your {color=colors} {gear=weather.gear}," said {hero.his} {elder}. '
        "{hero} put on the {color} {gear} and ran outside.": 2,
    },
    "outside_play": {
        "{hero.His} friend {friend=names except hero} came too, and they {weather.fun}.": 3,
        "{hero} met {friend=names except hero}, and together they {weather.fun}.": 2,
    },
    "sunny_fun": {"built a sand castle": 3, "swam in the lake": 2, "picked flowers": 2},
    "rainy_fun": {"jumped in every puddle": 3, "made paper boats": 2, "looked for frogs": 2},
    "snowy_fun": {"made a big snowman": 3, "threw snowballs": 2, "rode down the hill on a sled": 2},
    "windy_fun": {"flew a kite": 3, "chased the leaves": 2, "blew big bubbles": 2},
    "outside_laugh": {
        " They laughed and laughed.": 2,
        " {friend} fell down, but {hero} helped {friend.him} up.": 2,
        ' "I like your {color} {gear}!" said {friend}.': 2,
        " They saw a {furs} {animals} and gave it a {sizes} {snacks}.": 3,
        " Then they played {games}.": 2,
        "": 1,
    },
    "outside_home": {
        "When they were tired, they went home and had some {weather.drink} and a {snacks}.": 3,
        "Then {hero.his} {elder} gave them some {weather.drink} and a {snacks}.": 2,
        "{hero} came home late, and {hero.his} {elder} made some {weather.drink} and a {snacks}.": 2,
    },
    "outside_end": {
        '"I love {weather} days!" said {hero}.': 3,
        '"I love {weather} days!" said {friend}. "Me too!" said {hero}.': 2,
        "It was the best {weather} day ever.": 2,
        "{hero} and {friend} hoped that the next day would be {weather} too.": 2,
        "{closing}": 5,
    },
}

# A present is made for somebody in the family; what it is decides how it is made and used.
_BIRTHDAY = {
    "birthday": {
        "{birthday_plan} {birthday_make} {birthday_work} {birthday_give} {birthday_use}{birthday_treat} "
        "{birthday_end}": 1,
    },
    "birthday_plan": {
        "It was the birthday of {hero.his} {elder=elders}, and {hero} wanted to make a {looks} "
        "{gift=gifts}.": 3,
        "{when}, {hero} wanted to make a {looks} {gift=gifts} for {hero.his} {elder=elders}.": 2,
    },
    "birthday_make": {
        "First {hero.he} got some {gift.need}, and then {hero.he} {gift.step}.": 3,
        "{hero.He} found some {gift.need}. Then {hero.he} {gift.step}.": 2,
    },
    "birthday_work": {
        "{hero.He} made it {color=colors}, because {hero.his} {elder} loved {color}.": 3,
        "{hero} made the {gift} {color=colors} and sang as {hero.he} worked.": 2,
        "{hero.His} {furs} {animals} sat on it, but {friend=names except hero} helped {hero.him} make "
        "a new {color=colors} one.": 4,
    },
    "birthday_give": {
        '"Happy birthday, {Elder}!" said {hero}. {birthday_thanks}': 3,
        '"This {gift} is for you, {Elder}," said {hero}. {birthday_thanks}': 2,
    },
    "birthday_thanks": {
        '"A {color} {gift}! Thank you, {hero}!" said {hero.his} {elder}.': 3,
        '"What a lovely {color} {gift}!" said {hero.his} {elder}.': 2,
        "{hero.His} {elder} loved the {color} {gift}.": 2,
    },
    "birthday_use": {"Then they {gift.use}.": 3, "They {gift.use}, and everyone was happy.": 2},
    "birthday_treat": {
        "": 2,
        " They had {drinks} and a {snacks} and played {games}.": 3,
        " A {furs} {animals} came to the party with a {colors} flower.": 3,
    },
    "birthday_end": {
        '"I am so proud of you," said {hero.his} {elder}.': 3,
        "{hero.His} {elder} gave {hero.him} a big hug.": 2,
        "{closing}": 5,
    },
}

# Two children want one toy and take turns.
_TURNS = {
    "turns": {"{turns_start} {turns_fight} {turns_advice} {turns_play}{turns_then} {turns_end}": 1},
    "turns_start": {
        "{when}, {hero.his} {elder=elders} gave {hero} and {friend=names except hero} "
        "a {looks} {color=colors} {toy=toys}.": 3,
        "{when}, {hero} and {hero.his} {elder=elders} took {friend=names except hero} to the {places}. "
        "There was only one toy, a {looks} {color=colors} {toy=toys}.": 2,
    },
    "turns_fight": {
        '"It is mine!" said {hero}. "No, it is mine!" said {friend}.': 3,
        '"I want it first!" said {friend}. "No, me first!" said {hero}.': 2,
        "They both wanted the {toy}, and they pulled and pulled.": 2,
    },
    "turns_advice": {
        '"Please do not fight," said {hero.his} {elder}. "{turns_idea}."': 3,
        '{hero.His} {elder} heard them. "{turns_idea}," {elder.he} said.': 2,
    },
    "turns_idea": {
        "You can take turns": 3,
        "You can share the {toy}": 2,
        "You can both play with it": 2,
    },
    "turns_play": {
        "So {hero} took the {toy} and {toy.play}. Then {friend} took it and {toy.trick}.": 3,
        "First {friend} took the {toy} and {toy.play}. Then {hero} took it and {toy.trick}.": 3,
    },
    "turns_then": {
        "": 2,
        " After that they had {drinks} and a {snacks}.": 3,
        " A {furs} {animals} came to watch them play.": 3,
    },
    "turns_end": {
        "The {color} {toy} was more fun with two.": 3,
        '"Sharing is fun!" said {friend}. "Yes, it is!" said {hero}.': 2,
        "From that day on, {hero} and {friend} always shared the {color} {toy}.": 3,
        "{closing}": 5,
    },
}

# A little animal wants to learn something, fails, meets an old teacher of another kind, and does it.
_LEARNED = {
    "learned": {
        "{learned_who}{learned_wears} {learned_wish} {learned_fail}{learned_sad} "
        "{learned_meet} {learned_advice} {learned_done} {learned_end}": 1
    },
    "learned_who": {
        "Once upon a time there was a {trait=traits} little {beast=beasts} named {hero}, "
        "who lived {beast.home}.": 3,
        "There once was a {trait=traits} {beast=beasts} called {hero}. {hero.He} lived {beast.home}.": 2,
        "Long ago a {trait=traits} little {beast=beasts} named {hero} lived {beast.home}.": 2,
    },
    "learned_wears": {
        "": 1,
        " {hero.He} always wore a {colors} {clothes}.": 3,
        " {hero.His} best friend was a {furs} {animals}.": 2,
    },
    "learned_wish": {
        "{hero} wanted to learn how to {skill=skills}.": 3,
        "More than anything, {hero} wanted to {skill=skills}.": 2,
    },
    "learned_fail": {
        "{hero.He} tried and tried, but {skill.fail}.": 3,
        "{when}, {hero.he} tried it, but {skill.fail}.": 4,
    },
    "learned_sad": {
        ' "I will never {skill}," said {hero}.': 3,
        " {hero} was very sad.": 2,
        " {hero} sat down and cried.": 2,
        " A {furs} {animals} saw it and laughed.": 3,
        "": 1,
    },
    "learned_meet": {
        "Then {hero.he} met {friend=names except hero}, a {learned_nice} old "
        "{teacher=beasts except beast}.": 3,
        "But a {learned_nice} old {teacher=beasts except beast} named {friend=names except hero} saw "
        "{hero.him}.": 2,
    },
    "learned_nice": {"wise": 3, "nice": 3, "friendly": 2, "quiet": 2},
    "learned_advice": {
        '"Do not give up," said {friend}. "{learned_idea}."': 3,
        '"I can help you," said the old {teacher}. "{learned_idea}."': 2,
    },
    "learned_idea": {
        "Try a little every day": 3,
        "You can do it if you go slowly": 2,
        "Take a deep breath and try again": 2,
        "It was hard for me too": 2,
        "Close your eyes and count to ten": 2,
    },
    "learned_done": {
        "So {hero} tried again {learned_long}, and at last {hero.he} {skill.win}.": 3,
        "{hero} listened to the {teacher}, and one night {hero.he} {skill.win}.": 2,
    },
    "learned_long": {"and again": 3, "every morning": 3, "every day": 2, "all summer": 2, "all winter": 2},
    "learned_end": {
        '"You did it, {hero}!" said {friend}.': 3,
        "Now {hero} is the {trait.most} {beast} of all.": 2,
        "From that day on, the {trait} {beast} and the old {teacher} were best friends.": 3,
        '"Thank you, {friend}!" said the little {beast}.': 2,
    },
}

MORE_RULES = {**_OUTSIDE, **_BIRTHDAY, **_TURNS, **_LEARNED}
"""Rule name to its templates and weights."""
