"""The words of Toy Stories, in tables: each word with its weight and the forms that its choice decides.

Weights fall off as in real text: the first words of a table are common, the last ones rare. A form may be a
template of the grammar, such as what one does with a toy; toy_plots.py says where each form is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from playground.corpora.grammar import Word

_GIRL = {"kind": "girl", "he": "she", "him": "her", "his": "her"}
_BOY = {"kind": "boy", "he": "he", "him": "him", "his": "his"}


def _ranked(*words: str | tuple[str, Mapping[str, str]], flatness: float = 10.0) -> tuple[Word, ...]:
    """Give the word of rank r (from 0) the weight 1 / (r + flatness), Zipf's law shifted."""
    pairs = [(word, {}) if isinstance(word, str) else word for word in words]
    return tuple(Word(text, 1 / (rank + flatness), forms) for rank, (text, forms) in enumerate(pairs))


def _toy(play: str, trick: str) -> dict[str, str]:
    return {"play": play, "trick": trick}


def _animal(noise: str, food: str, went: str, mother: str) -> dict[str, str]:
    return {"noise": noise, "food": food, "went": went, "mother": mother}


def _fur(pet_names: str) -> dict[str, str]:
    return {"pet_names": pet_names}


def _place(at: str, spots: str) -> dict[str, str]:
    return {"at": at, "spots": spots}


def _need(why: str, help: str) -> dict[str, str]:
    return {"why": why, "help": help}


def _weather(see: str, gear: str, fun: str, drink: str) -> dict[str, str]:
    return {"see": see, "gear": gear, "fun": fun, "drink": drink}


def _skill(fail: str, win: str) -> dict[str, str]:
    return {"fail": fail, "win": win}


def _gift(need: str, step: str, use: str) -> dict[str, str]:
    return {"need": need, "step": step, "use": use}


TABLES: dict[str, Sequence[Word]] = {
    "names": _ranked(
        ("Lily", _GIRL), ("Tom", _BOY), ("Mia", _GIRL), ("Ben", _BOY), ("Anna", _GIRL), ("Max", _BOY),
        ("Lucy", _GIRL), ("Tim", _BOY), ("Sara", _GIRL), ("Sam", _BOY), ("Emma", _GIRL), ("Jack", _BOY),
        ("Nora", _GIRL), ("Leo", _BOY), ("Ruby", _GIRL), ("Finn", _BOY), ("Zoe", _GIRL), ("Bob", _BOY),
        ("Amy", _GIRL), ("Dan", _BOY),
    ),
    "traits": _ranked(
        ("happy", {"most": "happiest"}), ("kind", {"most": "kindest"}), ("brave", {"most": "bravest"}),
        ("clever", {"most": "cleverest"}), ("sweet", {"most": "sweetest"}), ("funny", {"most": "funniest"}),
        ("gentle", {"most": "gentlest"}), ("lucky", {"most": "luckiest"}), ("nice", {"most": "nicest"}),
    ),
    "elders": _ranked(
        ("mom", {"he": "she", "him": "her", "his": "her"}), ("dad", {"he": "he", "him": "him", "his": "his"}),
        ("grandma", {"he": "she", "him": "her", "his": "her"}),
        ("grandpa", {"he": "he", "him": "him", "his": "his"}),
        flatness=2,
    ),
    "colors": _ranked("red", "blue", "green", "yellow", "pink", "white", "purple", "brown"),
    "looks": _ranked("new", "big", "small", "pretty", "lovely", "nice", "little"),
    "toys": _ranked(
        ("ball", _toy("threw it high into the air", "rolled it down the path")),
        ("doll", _toy("sang it a little song", "told it a secret")),
        ("kite", _toy("made it dance in the wind", "made it fly up to the clouds")),
        ("car", _toy("drove it around in circles", "made it go very fast")),
        ("teddy bear", _toy("gave it a big hug", "danced with it")),
        ("boat", _toy("made it float in a puddle", "filled it with little stones")),
        ("train", _toy("pulled it along the path", "made it go choo, choo")),
        ("robot", _toy("made it walk and talk", "gave it a funny name")),
        ("drum", _toy("made it go boom, boom, boom", "played a song on it")),
        ("truck", _toy("filled it with leaves", "pushed it up a little hill")),
    ),
    "places": _ranked(
        ("park", _place("in the park", "park_spots")), ("garden", _place("in the garden", "garden_spots")),
        ("beach", _place("at the beach", "beach_spots")), ("forest", _place("in the forest", "forest_spots")),
        ("farm", _place("on the farm", "farm_spots")),
        ("playground", _place("at the playground", "playground_spots")),
    ),
    "park_spots": _ranked(
        "under the bench", "behind the big tree", "in the tall grass", "near the pond", "by the gate",
    ),
    "garden_spots": _ranked(
        "under the apple tree", "behind the roses", "in the flower bed", "near the fence", "by the shed",
    ),
    "beach_spots": _ranked(
        "under the towel", "behind the rocks", "in the sand", "near the water", "by the boats",
    ),
    "forest_spots": _ranked(
        "under the leaves", "behind the old log", "in the bushes", "near the stream", "by the tall tree",
    ),
    "farm_spots": _ranked("under the hay", "behind the barn", "in the corn", "near the well", "by the cart"),
    "playground_spots": _ranked(
        "under the slide", "behind the wall", "in the sand box", "near the swings", "by the bench",
    ),
    "junk": _ranked("an old shoe", "a stick", "a leaf", "a feather", "a stone", "an empty box"),
    "animals": _ranked(
        ("cat", _animal("meow", "fish", "ran", "cat")), ("dog", _animal("woof", "meat", "ran", "dog")),
        ("duck", _animal("quack", "bread", "waddled", "duck")),
        ("bird", _animal("tweet", "seeds", "flew", "bird")),
        ("mouse", _animal("squeak", "cheese", "ran", "mouse")),
        ("lamb", _animal("baa", "grass", "skipped", "sheep")),
        ("pig", _animal("oink", "apples", "trotted", "pig")),
        ("hen", _animal("cluck", "corn", "hurried", "hen")),
        ("goat", _animal("maa", "leaves", "trotted", "goat")),
    ),
    "furs": _ranked(
        ("white", _fur("white_names")), ("brown", _fur("brown_names")), ("black", _fur("black_names")),
        ("gray", _fur("gray_names")), ("spotted", _fur("spotted_names")),
    ),
    "white_names": _ranked("Snowy", "Milky", flatness=1),
    "brown_names": _ranked("Cookie", "Cocoa", flatness=1),
    "black_names": _ranked("Shadow", "Midnight", flatness=1),
    "gray_names": _ranked("Misty", "Smoky", flatness=1),
    "spotted_names": _ranked("Dot", "Spot", flatness=1),
    "hobbies": _ranked("sing", "dance", "run", "jump", "read", "paint", "swim", "play"),
    "snacks": _ranked("cookie", "sandwich", "cake", "pie", "banana"),
    "pet_drinks": _ranked("water", "milk"),
    "drinks": _ranked("milk", "water", "juice", "tea"),
    "clothes": _ranked("hat", "coat", "scarf", "sweater"),
    "shoes": _ranked("shoes", "boots", "socks", "gloves"),
    "sizes": _ranked("little", "tiny", "small", "sweet", "lovely", flatness=4),
    "games": _ranked("tag", "hide and seek", "catch", "pirates"),
    "needs": _ranked(
        ("hungry", _need("I did not have any lunch", "gave {friend} half of {hero.his} {snacks}")),
        ("sad", _need("My balloon flew away", "gave {friend} a {colors} balloon")),
        ("cold", _need("I forgot my coat", "gave {friend} {hero.his} warm {colors} {clothes}")),
        ("thirsty", _need("My cup is empty", "gave {friend} a cup of cold {drinks}")),
        ("lonely", _need("I have no one to play with", "asked {friend} to play {games}")),
        ("tired", _need("I walked a very long way", "gave {friend} a ride in a {colors} wagon")),
        ("scared", _need("I heard a loud noise", "held {friend.his} hand and sang about {song_topics}")),
    ),
    "song_topics": _ranked("stars", "rainbows", "the moon"),
    "weathers": _ranked(
        ("sunny", _weather("The sun is shining", "sunny_gear", "{sunny_fun}", "cold lemonade")),
        ("rainy", _weather("It is raining", "rainy_gear", "{rainy_fun}", "hot soup")),
        ("snowy", _weather("It is snowing", "snowy_gear", "{snowy_fun}", "hot cocoa")),
        ("windy", _weather("The wind is blowing", "windy_gear", "{windy_fun}", "warm milk")),
    ),
    "sunny_gear": _ranked("sun hat", "sandals", "cap", flatness=1),
    "rainy_gear": _ranked("boots", "raincoat", "rain hat", flatness=1),
    "snowy_gear": _ranked("mittens", "scarf", "warm coat", flatness=1),
    "windy_gear": _ranked("jacket", "sweater", "gloves", flatness=1),
    "beasts": _ranked(
        ("bear", {"home": "in the forest"}), ("rabbit", {"home": "under a green hill"}),
        ("fox", {"home": "in the forest"}), ("frog", {"home": "by the pond"}),
        ("mouse", {"home": "in a cozy hole"}), ("turtle", {"home": "by the sea"}),
        ("squirrel", {"home": "in a tall tree"}), ("duck", {"home": "by the pond"}),
        ("hedgehog", {"home": "under a green hill"}), ("owl", {"home": "in a tall tree"}),
    ),
    "skills": _ranked(
        ("sing", _skill("it sounded like a squeaky door", "sang a song that made the stars shine")),
        ("dance", _skill("{hero.he} fell on {hero.his} nose", "danced all night under the moon")),
        ("paint", _skill("the paint got all over the floor", "painted a picture of the sun")),
        ("read", _skill("the words were too hard", "read a whole book to {hero.his} friends")),
        ("bake a cake", _skill("the cake was as hard as a stone", "baked a cake that everyone loved")),
        ("fly a kite", _skill("the kite fell into a bush", "made the kite fly over the trees")),
        ("play the drum", _skill("it was much too loud", "played the drum in a big parade")),
    ),
    "gifts": _ranked(
        ("cake", _gift("flour, eggs and sugar", "mixed it all in a big bowl", "ate it together")),
        ("card", _gift("paper and glue", "cut out a big heart", "put it on the wall")),
        ("crown", _gift("paper and glue", "cut out some little stars", "played kings and queens")),
        ("kite", _gift("paper and string", "tied on a long tail", "flew it in the park")),
        ("scarf", _gift("wool and a needle", "made one row after another", "went for a walk in the snow")),
        ("bird house", _gift("wood and nails", "made a tiny door", "put it in a tree")),
    ),
}  # fmt: skip
"""Table name to its words, most common first."""
