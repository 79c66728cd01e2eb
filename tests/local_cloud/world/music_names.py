"""Names and titles that nobody has: put together from made-up syllables, Hindi ones in both scripts side by side.

Whatever they are like is like it by chance: no artist, album or song in here is real.
"""

from itertools import product
from typing import Final

from local_cloud.world.character import Quadrant

type Spelt = tuple[str, str]
"""In Latin letters, and in the language's own (the same for all but Hindi)."""

ENGLISH_BEGINNINGS: Final = ("Bram", "Quor", "Dulc", "Felm", "Harv", "Jost", "Mirr", "Osw", "Thul", "Vand")
ENGLISH_ENDINGS: Final = ("etta", "ibel", "owen", "andrix")
ENGLISH_FORMS: Final = ("{} Tarnsby", "The {} Lamps", "{} & the Ferrymen", "{}", "Little {}")
SPANISH_BEGINNINGS: Final = ("Lorv", "Maric", "Quemb", "Tzand")
SPANISH_ENDINGS: Final = ("enza", "ortillo")
SPANISH_FORMS: Final = ("{} y los Faros", "Los {}", "{}")
HINDI_BEGINNINGS: Final[tuple[Spelt, ...]] = (
    ("Zir", "ज़िर"), ("Tam", "तम"), ("Vel", "वेल"), ("Jhun", "झुन"), ("Kosh", "कोश"), ("Nim", "निम"), ("Phul", "फुल"),
    ("Ghar", "घर"), ("Bel", "बेल"), ("Dhun", "धुन"),
)  # fmt: skip
HINDI_ENDINGS: Final[tuple[Spelt, ...]] = (("vaan", "वान"), ("ruka", "रुका"), ("leshi", "लेशी"), ("moya", "मोया"))
HINDI_SURNAMES: Final[tuple[Spelt, ...]] = (
    ("Jhalorwa", "झालोरवा"), ("Thirkani", "थिरकानी"), ("Bhelukar", "भेलुकर"), ("Chandovel", "चंदोवेल"),
    ("Ghonsari", "घोंसारी"),
)  # fmt: skip

ENGLISH_TITLES: Final = (
    ("Paper", "Copper", "Borrowed", "Northbound", "Second", "Hollow", "Painted", "Quiet"),
    ("Harbour", "Lantern", "Weather", "Orchard", "Staircase", "Meridian", "Postcard", "Engine"),
)
SPANISH_TITLES: Final = (
    ("Puerto", "Farol", "Cielo", "Tren", "Jardín", "Reloj"),
    ("de Papel", "Prestado", "de Cobre", "del Norte", "Sin Prisa", "de Octubre"),
)
HINDI_TITLES: Final[tuple[tuple[Spelt, ...], tuple[Spelt, ...]]] = (
    (("Dhoop", "धूप"), ("Barsaat", "बरसात"), ("Sadak", "सड़क"), ("Patang", "पतंग"), ("Nadi", "नदी"), ("Khidki", "खिड़की")),
    (
        ("Ki Awaaz", "की आवाज़"), ("Ke Paar", "के पार"), ("Ka Rang", "का रंग"), ("Se Pehle", "से पहले"),
        ("Mein Hum", "में हम"), ("Ke Naam", "के नाम"),
    ),
)  # fmt: skip

GENRES: Final[dict[str, dict[Quadrant | None, str]]] = {
    "English": {"excited": "Dance", "tense": "Metal", "content": "Folk", "sad": "Singer/Songwriter", None: "Pop"},
    "Hindi": {"excited": "Bollywood", "tense": "Rock", "content": "Indian Pop", "sad": "Indian Classical", None: "Pop"},
    "Spanish": {"excited": "Latin", "tense": "Rock", "content": "Folk", "sad": "Singer/Songwriter", None: "Pop"},
}


def artists(language: str) -> list[Spelt]:
    """Every artist's name, none alike: 40 English, 40 Hindi, 8 Spanish."""
    if language == "Hindi":
        given = product(HINDI_ENDINGS, HINDI_BEGINNINGS)
        return [
            (f"{begin[0]}{end[0]} {surname[0]}", f"{begin[1]}{end[1]} {surname[1]}")
            for place, (end, begin) in enumerate(given)
            for surname in [HINDI_SURNAMES[place * 3 % len(HINDI_SURNAMES)]]
        ]
    parts = (ENGLISH_BEGINNINGS, ENGLISH_ENDINGS, ENGLISH_FORMS)
    beginnings, endings, forms = (
        parts if language == "English" else (SPANISH_BEGINNINGS, SPANISH_ENDINGS, SPANISH_FORMS)
    )
    made = [
        forms[place % len(forms)].format(begin + end) for place, (end, begin) in enumerate(product(endings, beginnings))
    ]
    return [(name, name) for name in made]


def titles(language: str) -> list[Spelt]:
    """Titles, none alike, that an artist draws from."""
    if language == "Hindi":
        return [(f"{a[0]} {b[0]}", f"{a[1]} {b[1]}") for a, b in product(*HINDI_TITLES)]
    pairs = product(*(ENGLISH_TITLES if language == "English" else SPANISH_TITLES))
    return [(" ".join(pair), " ".join(pair)) for pair in pairs]
