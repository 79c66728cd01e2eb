"""The words by which the sample model understands a wish, English and German side by side.

Each entry is the beginning of a word (or of several words); `reading.py` looks for them in a wish.
"""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GENRE_STEMS: Final[dict[str, str]] = {
    "Action": "action explos fight stunt kampf kämpf prügel",
    "Adventure": "adventur quest treasure abenteuer schatzsuche expedition",
    "Animation": "animat cartoon anime zeichentrick trickfilm pixar ghibli",
    "Comedy": "comed funny laugh humor humour hilarious witty rom-com romcom feel-good feelgood komödie lustig witzig "
    "lachen heiter komisch liebeskomödie wohlfühl gute_laune cheer",
    "Crime": "crime gangster heist mafia robber krimi verbrech gauner raubzug",
    "Documentary": "documentar doku true_nature",
    "Drama": "drama moving tearjerker sad cry touching bittersweet bewegend traurig weinen rührend ernst",
    "Family": "family kids child children familie kinder kind grandkids enkel",
    "Fantasy": "fantas magic wizard dragon fairy zauber märchen drache elfen",
    "History": "histor period_piece medieval mittelalter epoche",
    "Horror": "horror scary scare creepy gruselig grusel ghost_story zombie gore",
    "Music": "music song band_story musik gesang",
    "Mystery": "myster detective whodunit puzzl riddle rätsel detektiv geheimnis",
    "Romance": "romance romantic love_story in_love rom-com romcom date_night liebe "
    "liebesfilm liebesgesch liebeskomödie romant verlieb",
    "Science Fiction": "sci-fi scifi science_fiction space alien robot futur time_travel weltraum weltall roboter "
    "zukunft zeitreise außerirdisch",
    "TV Movie": "tv_movie television_film fernsehfilm",
    "Thriller": "thriller suspens tense gripping twist nail-bit edge_of spannend spannung nervenkitzel packend",
    "War": "war wars war_film krieg kriegsfilm soldier soldat",
    "Western": "western cowboy wild_west wilder_westen",
}

WHOLE_WORDS: Final = _words("war wars kind band sad cry love liebe in date child quest")
"""Stems that would match the wrong words ("warm", "kindly", "saddle", "questa"): these must be words of their own."""

MOODS: Final[dict[str, tuple[str, ...]]] = {
    "dark": ("Thriller", "Crime"),
    "düster": ("Thriller", "Crime"),
    "cozy": ("Comedy", "Family"),
    "cosy": ("Comedy", "Family"),
    "gemütlich": ("Comedy", "Family"),
    "thoughtful": ("Drama",),
    "nachdenklich": ("Drama",),
    "melanchol": ("Drama", "Romance"),
    "uplifting": ("Comedy", "Drama"),
    "aufbauend": ("Comedy", "Drama"),
    "epic": ("Adventure", "History"),
    "episch": ("Adventure", "History"),
    "rainy": ("Drama", "Romance"),
    "regn": ("Drama", "Romance"),
    "exciting": ("Action", "Adventure"),
    "aufregend": ("Action", "Adventure"),
    "party": ("Comedy", "Music"),
    # What `sight` says of a photo, beside "dark"; nobody writes so in a wish.
    "sunlit": ("Comedy",),
    "warm-toned": ("Romance",),
    "cold-toned": ("Mystery",),
    "open-air": ("Adventure", "Western"),
}

NEGATORS: Final = _words(
    "no not nothing without never avoid hate except don't dont isn't less kein keine keinen keiner keinem nicht nichts "
    "ohne nie bloß hasse"
)
TURNS: Final = _words("but rather instead aber sondern lieber dafür stattdessen")
"""Words that end a negation: "nothing scary but something funny"."""

CHILDREN_STEMS: Final = (
    "kids kid child children family grandkids toddler kinder familie enkel tochter sohn daughter son"
)

LANGUAGE_STEMS: Final[dict[str, str]] = {
    "de": "german deutsch",
    "fr": "french französisch",
    "ja": "japanese japanisch anime ghibli",
    "es": "spanish spanisch",
    "ko": "korean koreanisch",
    "it": "italian italienisch",
    "hi": "hindi bollywood indian indisch",
    "zh": "chinese chinesisch mandarin",
    "sv": "swedish schwedisch",
    "da": "danish dänisch",
}

KEYWORD_STEMS: Final[dict[str, str]] = {
    "friendship": "friend freund",
    "space": "space weltraum weltall",
    "time travel": "time_travel zeitreise",
    "robot": "robot",
    "heist": "heist raubzug",
    "detective": "detective detektiv kommissar",
    "magic": "magic wizard zauber",
    "dragon": "dragon drache",
    "ghost": "ghost geist gespenst",
    "christmas": "christmas weihnacht",
    "cooking": "cook food chef kochen essen",
    "road trip": "road_trip road_movie roadtrip",
    "berlin, germany": "berlin",
    "paris, france": "paris",
    "school": "school schule",
    "dog": "dog hund",
    "cat": "cat katze",
    "sea": "sea ocean ship meer schiff",
    "revenge": "revenge rache",
    "dream": "dream traum",
    "artificial intelligence": "artificial künstliche",
    "dinosaur": "dinosaur",
    "island": "island insel",
    "train": "train zug",
    "coming of age": "coming_of_age growing_up erwachsenwerden",
    "toy": "toy spielzeug",
    "prison": "prison gefängnis",
    "survival": "surviv überleb",
}

STOPWORDS: Final[dict[str, frozenset[str]]] = {
    "de": _words(
        "ich du wir ein eine einen etwas und oder für mit der die das nicht kein keine aber bitte film filme heute "
        "abend möchte will soll aus den mal was zum ohne lieber sehr nach seit vor "
        "unter über spannend lustig"
    ),
    "en": _words(
        "i a an the and or for with something not no but please movie movies film films tonight want would like from "
        "my to of in we about that without"
    ),
    "fr": _words("je un une des le la les et ou pour avec pas sans ce soir quelque chose du qui veux film"),
    "es": _words("yo un una unos el la los las y o para con sin no esta noche algo quiero película que de"),
    "it": _words("io un una il lo gli le e o per con senza non stasera qualcosa vorrei film che di"),
}

SHORT_WORDS: Final = _words("short quick kurz kurzer kurzen kurze")
LONG_WORDS: Final = _words("long lengthy lang langer langen lange")
OLD_WORDS: Final = _words("classic classics old vintage klassiker klassisch alt alter alte alten")
NEW_WORDS: Final = _words("recent new newer modern neu neue neuer neuen neuere aktuell aktuelle")
NUMBERS: Final = {"one": 1, "two": 2, "three": 3, "eine": 1, "einer": 1, "zwei": 2, "drei": 3, "anderthalb": 1.5}
DECADES: Final = {
    "twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970,
    "eighties": 1980, "nineties": 1990, "zwanziger": 1920, "dreißiger": 1930, "vierziger": 1940, "fünfziger": 1950,
    "sechziger": 1960, "siebziger": 1970, "achtziger": 1980, "neunziger": 1990,
}  # fmt: skip
