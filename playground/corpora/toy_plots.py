"""The rules of Toy Stories, each a name with its templates and their weights: shared sentences, three plots.

Every story opens with its hero, whose name, pronoun and character come back until the last sentence, and so
do the toy and its color, the place, the friend and the animal. The other plots are in toy_more_plots.py.
"""

from __future__ import annotations

from playground.corpora.toy_more_plots import MORE_RULES

_SHARED = {
    "story": {
        "{!hero=names}{opening}{home} {lost}": 5,
        "{!hero=names}{opening}{home} {helped}": 4,
        "{!hero=names}{opening}{home} {found}": 4,
        "{!hero=names}{opening}{home} {outside}": 3,
        "{!hero=names}{opening}{home} {birthday}": 3,
        "{!hero=names}{opening}{home} {turns}": 3,
        "{!hero=names}{learned}": 4,
    },
    "opening": {
        "Once upon a time there was a {trait=traits} little {hero.kind} named {hero}.": 6,
        "There once was a {trait=traits} {hero.kind} called {hero}.": 3,
        "{hero} was a {trait=traits} little {hero.kind}.": 3,
        "Long ago there lived a {trait=traits} {hero.kind} named {hero}.": 3,
        "This is a story about {hero}, a {trait=traits} little {hero.kind}.": 2,
    },
    "when": {
        "One {day_look} {day_part}": 5,
        "One {day_part}": 3,
        "On a {day_look} {day_part}": 3,
    },
    "day_look": {"sunny": 6, "warm": 5, "lovely": 4, "fine": 3, "bright": 3, "quiet": 3, "cool": 2},
    "day_part": {"day": 5, "morning": 4, "afternoon": 3},
    "home": {
        "": 1,
        " {hero.He} lived in a {house_look} {colors} house {house_near}.": 3,
        " {hero.He} always wore a {colors} {clothes} and {colors} {shoes}.": 3,
        " {hero.He} loved to {hobby=hobbies} and to {hobby_too=hobbies except hobby}.": 3,
    },
    "house_look": {"little": 4, "big": 3, "cozy": 2, "pretty": 2},
    "house_near": {
        "by the sea": 3,
        "near the forest": 3,
        "on a green hill": 2,
        "next to a farm": 2,
        "by the pond": 2,
    },
    "closing": {
        "Everyone said that {hero} was the {trait.most} {hero.kind} in town.": 3,
        "What a {trait} {hero.kind} {hero.he} was!": 2,
        "{hero} was the {trait.most} {hero.kind} of all.": 2,
        "That night, the {trait} {hero.kind} dreamed of a {furs} {animals} with a {colors} {toys}.": 6,
    },
}

# A toy is lost, looked for in two places, and found in a third with somebody's help.
_LOST = {
    "lost": {"{lost_toy} {lost_trip} {lost_gone}{lost_cry} {lost_search} {lost_help} {lost_end}": 1},
    "lost_toy": {
        "{hero.He} had a {looks} {color=colors} {toy=toys}.": 4,
        "{hero.His} favorite toy was a {looks} {color=colors} {toy=toys}.": 3,
        "{hero.He} loved {hero.his} {looks} {color=colors} {toy=toys} more than anything.": 2,
        "{hero.He} got a {looks} {color=colors} {toy=toys} from {hero.his} {elders}.": 3,
    },
    "lost_trip": {
        "{when}, {hero} took the {toy} to the {place=places} and {toy.play}.": 3,
        "{when}, {hero.he} went to the {place=places} with {hero.his} {toy} and {toy.play}.": 2,
        "{when}, {hero.he} played {!place=places}{place.at}. "
        "{hero.He} took {hero.his} {toy} and {toy.play}.": 2,
    },
    "lost_gone": {
        "Then {hero.he} stopped to {lost_pause}, and soon the {toy} was gone.": 3,
        "But when {hero.he} stopped to {lost_pause}, {hero.he} lost the {toy}.": 2,
        "After a while {hero.he} stopped to {lost_pause}. When {hero.he} was done, the {toy} was gone.": 2,
    },
    "lost_pause": {
        "look at a {colors} butterfly": 4,
        "watch the clouds": 3,
        "eat a {snacks}": 3,
        "talk to a {furs} {animals}": 2,
        "tie {hero.his} shoe": 2,
        "take a nap": 2,
    },
    "lost_cry": {
        ' "Where is my {color} {toy}?" {hero.he} cried.': 3,
        ' "Oh no! I lost my {toy}!" said {hero}.': 2,
        " {hero} was so sad that {hero.he} began to cry.": 2,
        "": 2,
    },
    "lost_search": {
        "{hero.He} looked {spot=place.spots} and {other=place.spots except spot}, but it was not there.": 3,
        "{hero.He} looked {spot=place.spots} and {other=place.spots except spot}, but {hero.he} only "
        "found {junk}.": 3,
        "First {hero.he} looked {spot=place.spots}, and then {other=place.spots except spot}. "
        "It was not there.": 2,
        '"Is it {spot=place.spots}?" {hero.he} asked. '
        '"Is it {other=place.spots except spot}?" It was not.': 1,
    },
    "lost_help": {
        "Then {friend=names except hero} came to help and looked {hidden=place.spots except spot other}. "
        '"Here is your {color} {toy}!" said {friend}. {lost_thanks}': 4,
        "Then a {furs} {animal=animals} came along. "
        '"{animal.Noise}!" it said, and it {animal.went} to the {toy}, which was '
        "{hidden=place.spots except spot other}. {hero} gave the {animal} some {animal.food}.": 3,
        '"Did you look {hidden=place.spots except spot other}?" asked {hero.his} {elder=elders}. '
        '{hero} looked, and there was the {toy}! "Thank you, {Elder}!" {hero.he} said.': 2,
    },
    "lost_thanks": {
        '"Thank you, {friend}!" said {hero}.': 3,
        "{hero} gave {friend} a big hug.": 2,
        "{hero} was so happy that {hero.he} gave {friend} a {sizes} {snacks}.": 2,
    },
    "lost_end": {
        "{hero.He} held the {color} {toy} all the way home from the {place}.": 3,
        "From that day on, {hero} took good care of the {color} {toy}.": 3,
        "That night, the {color} {toy} slept next to {hero}.": 2,
        '"I will never lose my {color} {toy} again," {hero.he} said.': 2,
        "{closing}": 5,
    },
}

# The hero meets somebody in need; the need decides the reason, the help and the ending.
_HELPED = {
    "helped": {"{helped_meet} {helped_ask} {helped_act} {helped_after}{helped_thanks} {helped_end}": 1},
    "helped_meet": {
        "{when}, {hero} went to the {place=places} and met {friend=names except hero}, who looked "
        "{need=needs}.": 3,
        "{when}, {hero} met {friend=names except hero} {!place=places}{place.at}. "
        "{friend} looked very {need=needs}.": 2,
        "{when}, {friend=names except hero} was sitting {!place=places}{place.at} all alone. "
        "{hero} saw that {friend.he} was {need=needs}.": 2,
    },
    "helped_ask": {
        '"Why are you so {need}?" asked {hero}. "{need.why}," said {friend}.': 3,
        '"What is the matter?" asked {hero}. "{need.why}, and now I am {need}," said {friend}.': 2,
        '"Are you {need}?" asked {hero}. "Yes," said {friend}. "{need.why}."': 2,
    },
    "helped_act": {
        "So {hero} {need.help}.": 3,
        "{hero} wanted to help, so {hero.he} {need.help}.": 2,
        '"I know what to do," said {hero}, and {hero.he} {need.help}.': 2,
    },
    "helped_after": {
        "Soon {friend} was not {need} any more.": 3,
        "Then {friend} did not feel {need} at all.": 2,
        "{friend} smiled and forgot that {friend.he} had been {need}.": 2,
        '"Now I am not {need} any more," said {friend}.': 2,
    },
    "helped_thanks": {
        ' "Thank you, {hero}!" {friend.he} said.': 3,
        ' "You are a good friend, {hero}," {friend.he} said.': 2,
        " {friend} gave {hero} a big hug.": 2,
        " {friend} gave {hero} a {colors} flower.": 2,
        "": 2,
    },
    "helped_end": {
        "From that day on, {hero} and {friend} were best friends.": 3,
        "They walked home from the {place} hand in hand.": 2,
        "Then they played {games} {place.at} until it was dark.": 3,
        "{closing}": 5,
    },
}

# A sound tells which animal is hidden; its fur decides which names it may get.
_FOUND = {
    "found": {
        "{found_sound} {found_look} {found_feed} {found_keep} {found_name} {found_end}": 3,
        "{found_sound} {found_look} {found_feed} {found_mother} {found_bye}": 2,
    },
    "found_sound": {
        "{when}, {hero} was playing {!place=places}{place.at} when {hero.he} heard a {found_soft} sound. "
        '"{!animal=animals}{animal.Noise}, {animal.noise}!"': 3,
        "{when}, {hero} went to the {place=places} and heard a {found_soft} sound. "
        '"{!animal=animals}{animal.Noise}, {animal.noise}!"': 2,
    },
    "found_soft": {"soft": 3, "funny": 2, "sad": 2, "little": 2},
    "found_look": {
        "{hero.He} looked {spot=place.spots} and saw a {sizes} {fur=furs} {animal}.": 3,
        "There, {spot=place.spots}, sat a {sizes} {fur=furs} {animal}.": 2,
        "It came from a {sizes} {fur=furs} {animal} {spot=place.spots}.": 2,
    },
    "found_feed": {
        "It was hungry, so {hero.he} gave it some {animal.food} and some {pet_drinks}.": 3,
        "{hero} gave the {animal} some {animal.food}, and it was happy.": 2,
        '"Do you want some {animal.food}?" asked {hero}. "{animal.Noise}!" said the {animal}.': 2,
    },
    "found_keep": {
        '"Can I keep it?" {hero.he} asked {hero.his} {elder=elders}. '
        '"Yes, {found_promise}," said {hero.his} {elder}.': 3,
        "{hero} took it home to {hero.his} {elder=elders}. "
        '"It can stay, {found_promise}," {elder.he} said.': 2,
    },
    "found_promise": {
        "if you feed it every day": 3,
        "if you take good care of it": 3,
        "but not in your bed": 2,
        "if you give it a name": 2,
    },
    "found_name": {
        "{hero} named the {animal} {pet=fur.pet_names}.": 3,
        "The {animal} was so {fur} that {hero} named it {pet=fur.pet_names}.": 2,
        '"Your name is {pet=fur.pet_names}," {hero.he} said to the {fur} {animal}.': 2,
    },
    "found_end": {
        "Now {hero} and {pet} play {place.at} every day.": 3,
        'Every morning {pet} says, "{animal.Noise}, {animal.noise}!"': 3,
        "{pet} and {hero} were best friends from that day on.": 2,
        "{pet} got a {colors} bed and ate {animal.food} every day.": 3,
        "{closing}": 5,
    },
    "found_mother": {
        "Then a big {fur} {animal.mother} came along. It was the mother!": 3,
        "But its mother, a big {fur} {animal.mother}, was looking for it.": 2,
    },
    "found_bye": {
        '"{animal.Noise}!" said the little {animal}, and it {animal.went} to its mother. {found_last}': 3,
        "The little {animal} {animal.went} to its mother at once. {found_last}": 2,
    },
    "found_last": {
        '"Goodbye, little {animal}!" said {hero}.': 3,
        "{hero} waved and went home from the {place} with a smile.": 2,
        "{closing}": 5,
    },
}

RULES: dict[str, dict[str, float]] = {
    name: {template: float(weight) for template, weight in templates.items()}
    for part in (_SHARED, _LOST, _HELPED, _FOUND, MORE_RULES)
    for name, templates in part.items()
}
"""Rule name to its templates and weights; a story is drawn from the rule `story`."""
