"""The words that the rules know, by what they mean. Data only; `songs.reading` reads texts with it.

A row is a kind, a label, figures ("e.7 v.9": energy .7, valence .9) and, by language, phrases apart by "|"; "all" has
emoji. Hindi is in Devanagari and as it is typed in Latin letters. Where a figure is left out, the words say nothing of
it. They are set by hand along the circumplex of affect (Russell, 1980, https://doi.org/10.1037/h0077714).
"""

from dataclasses import dataclass
from typing import Final, Literal

from songs.mood import Figure

type Kind = Literal[
    "mood",  # how it should feel
    "sound",  # how it should sound
    "activity",  # what it is for; a theme
    "scene",  # where and when; a theme, and a weaker hint
    "genre",
    "language",
    "not",  # negates what follows
    "not_after",  # negates what stands before it
    "more",
    "less",  # "a bit"
    "and",
    "but",
    "nothing",  # means nothing, though a part of it would
]


@dataclass(frozen=True, slots=True)
class Meaning:
    kind: Kind
    label: str = ""
    figures: tuple[tuple[Figure, float], ...] = ()
    sung: str = ""
    """English name of the language of songs that it asks for."""


type Row = tuple[Meaning, dict[str, str]]

_FIGURES: Final[dict[str, Figure]] = {
    "e": "energy",
    "v": "valence",
    "d": "danceability",
    "a": "acousticness",
    "t": "tempo",
    "i": "instrumentalness",
}


def row(kind: Kind, label: str = "", figures: str = "", sung: str = "", **words: str) -> Row:
    parsed = tuple((_FIGURES[each[0]], float(each[1:])) for each in figures.split())
    return Meaning(kind, label, parsed, sung), words


CUES: Final = (
    row(
        "not",
        en="no|not|nothing|none|never|without|dont|doesnt|isnt|arent|hate|avoid|avoiding|except|anything but"
        "|everything but|instead of|rather than|less|tired of|sick of|enough of|no more|neither|nor|minus|not into",
        de="kein|keine|keinen|keinem|nicht|nichts|ohne|nie|weniger|statt|nix|bloß nicht|außer",
        es="no|sin|nada|nada de|nunca|menos|ni|excepto",
        hi="bina|bagair|बिना|बगैर",
    ),
    row("not_after", hi="nahi|nahin|nahee|nhi|mat|ke bina|के बिना|नहीं|नही|मत"),
    row(
        "more",
        en="very|really|so|super|extremely|totally|ultra|too|more|most|incredibly|insanely|absolutely|seriously",
        de="sehr|total|mega|extrem|zu|richtig|mehr|besonders|ganz",
        es="muy|bien|demasiado|más|tan|súper",
        hi="bahut|bohot|bahot|kaafi|zyada|jyada|ekdum|बहुत|ज़्यादा|ज्यादा|काफी|एकदम",
    ),
    row(
        "less",
        en="a bit|bit|slightly|a little|little|somewhat|kind of|kinda|fairly|mildly|quite|rather",
        de="etwas|bisschen|leicht|ein wenig|eher",
        es="un poco|poco|algo",
        hi="thoda|thodi|thode|thora|थोड़ा|थोड़ी|थोड़े",
    ),
    row("and", en="and|or", de="und|oder", es="y|o|e|u", hi="aur|ya|और|या"),
    row("but", en="but|just|though", de="aber|sondern|nur", es="pero|sino", hi="lekin|magar|par|balki|लेकिन|मगर|पर"),
    row(
        "nothing",
        en="i love|we love|love to|would love|loves|not just|not only|cant stop|dont stop|never stop|never mind"
        "|pretty much|in the mood|a run of|run out|whole night|last night|hard work|work hard|hard to|after work"
        "|the house|my house|our house|a house",
        de="nicht nur|morgen abend|ich liebe",
        es="no solo",
    ),
)

MOODS: Final = (
    row(
        "mood",
        "happy",
        "e.65 v.9 d.65",
        all="😊|😀|😃|😁",
        en="happy|happiness|happier|joy|joyful|joyous|glad|feel good|feelgood|feeling good|feeling great|smile|smiling",
        de="fröhlich|glücklich|froh|heiter|gute laune|gut gelaunt|freude",
        es="alegre|feliz|felices|alegría|contento|contenta",
        hi="khush|khushi|khusi|masti|mast|खुश|ख़ुश|खुशी|ख़ुशी|मस्ती|मस्त|आनंद",
    ),
    row(
        "mood",
        "upbeat",
        "e.8 v.8 d.7 t120",
        en="upbeat|cheerful|bubbly|peppy|lively|bouncy|fun|playful|cheer me up|cheer up|feel alive",
        de="beschwingt|munter|lebhaft|spaß|spaßig|aufmuntern",
        es="animado|animada|divertido|divertida|movido|movida",
        hi="dhamaal|dhamal|chatpata|धमाल",
    ),
    row(
        "mood",
        "sad",
        "e.25 v.1 d.25",
        all="😭|😢|😞",
        en="sad|sadness|unhappy|cry|crying|tears|tearful|heartbreaking|depressed|depressing|feeling down|feel down"
        "|feeling blue|feeling low|sorrow|sorrowful|grief|miserable|lonely|loneliness|alone|miss her|miss him|miss you"
        "|empty|numb|hopeless|hurt|hurting|pain|betrayed|cheated|longing|regret|lost",
        de="traurig|traurigkeit|weinen|heulen|einsam|einsamkeit|niedergeschlagen|deprimiert|kummer|trauer",
        es="triste|tristeza|llorar|soledad|sola|deprimido|deprimida|pena",
        hi="udaas|udas|udaasi|dukhi|dukh|gham|rona|rone|dard|dard bhare|tanha|tanhai|akela|akele|उदास|दुखी|दुख|ग़म|गम"
        "|रोना|रोने|दर्द|दर्द भरे|तन्हा|तन्हाई|अकेला|अकेले",
    ),
    row(
        "mood",
        "melancholic",
        "e.3 v.25",
        en="melancholic|melancholy|wistful|bittersweet|somber|sombre|gloomy|moody|brooding",
        de="melancholisch|melancholie|wehmütig|schwermütig",
        es="melancólico|melancólica|melancolía",
    ),
    row(
        "mood",
        "angry",
        "e.92 v.12 a.1",
        all="😡|🤬|😠",
        en="angry|anger|rage|raging|furious|fury|aggressive|aggression|pissed|pissed off|smash|revenge|scream",
        de="wütend|wut|zornig|zorn|aggressiv|rache",
        es="enojado|enojada|enfadado|enfadada|rabia|furioso|furiosa|ira|agresivo|agresiva",
        hi="gussa|gusse|krodh|गुस्सा|गुस्से|ग़ुस्सा|क्रोध",
    ),
    row(
        "mood",
        "dark",
        "e.55 v.2",
        en="dark|sinister|eerie|haunting|ominous|creepy|spooky|menacing|tense|scary",
        de="düster|dunkel|unheimlich|bedrohlich|gruselig",
        es="oscuro|oscura|siniestro|siniestra|inquietante",
        hi="darawna|darawne|डरावना|डरावने",
    ),
    row(
        "mood",
        "epic",
        "e.85 v.6 a.25",
        en="epic|heroic|triumphant|powerful|anthem|anthemic|cinematic|majestic|dramatic|victory",
        de="episch|mächtig|dramatisch|heroisch|hymne|hymnen",
        es="épico|épica|poderoso|poderosa|heroico",
    ),
    row(
        "mood",
        "energetic",
        "e.9 v.7 d.7 t130",
        all="🔥|💪|⚡",
        en="energetic|energy|energizing|energising|energised|pump|pumped|pump up|pump me up|hype|hyped|high energy|wild"
        "|fired up|adrenaline|motivation|motivating|motivational|motivate|wake me up|banger|bangers|lit|awake"
        "|stay awake|keep me awake",
        de="energie|energiegeladen|energisch|kraftvoll|motivierend|motivation|power|wild|schwungvoll|treibend",
        es="energía|energético|energética|enérgico|enérgica|intenso|intensa|motivador|motivadora|motivación|marcha",
        hi="josh|joshila|joshile|zabardast|jabardast|dhoom|जोश|जोशीला|जोशीले|ज़बरदस्त|जबरदस्त|धूम|ऊर्जा",
    ),
    row(
        "mood",
        "euphoric",
        "e.88 v.9 d.75",
        en="excited|exciting|euphoric|euphoria|ecstatic|thrilled|thrilling|on top of the world",
        de="aufgeregt|euphorisch|begeistert",
        es="emocionado|emocionada|eufórico|eufórica",
    ),
    row(
        "mood",
        "calm",
        "e.15 v.55 d.25 a.65 t75",
        en="calm|calming|peaceful|peace|quiet|gentle|soft|softer|soothing|tranquil|serene|relax|relaxing|relaxed"
        "|relaxation|chill|chilled|chilling|chill out|chillout|mellow|laid back|laidback|easygoing|cosy|cozy|unwind"
        "|low key|lowkey|subtle|lazy|wind down|calm down|stressed|anxious|anxiety|hard day|long day|rough day",
        de="ruhig|ruhe|entspannt|entspannend|entspannen|entspannung|sanft|leise|gemütlich|friedlich|gelassen|chillig"
        "|chillen|beruhigend|gestresst|runterkommen|abschalten|stressigen tag",
        es="tranquilo|tranquila|calma|relajante|relajado|relajada|relajar|relajarme|suave|sereno|serena|paz|calmado",
        hi="shant|shaant|shanti|sukoon|sukun|aaram|araam|halka|halke|शांत|शांति|सुकून|आराम|हल्का|हल्के",
    ),
    row(
        "mood",
        "warm",
        "e.35 v.75 a.6",
        en="warm|warmth|heartwarming|comforting|comfort|hug|tender|sweet|grateful|gratitude|safe",
        de="warm|herzlich|geborgen|zärtlich|dankbar|tröstlich",
        es="cálido|cálida|tierno|tierna|abrazo|dulce",
        hi="meetha|meethe|madhur|मीठा|मीठे|मधुर",
    ),
    row(
        "mood",
        "dreamy",
        "e.35 v.5 a.4",
        en="dreamy|dream|dreaming|ethereal|floating|hazy|spacey|atmospheric|hypnotic",
        de="verträumt|träumerisch|träumen|atmosphärisch|schwebend",
        es="soñador|soñadora|soñar|etéreo|etérea",
        hi="khwab|sapna|sapne|ख्वाब|सपना|सपने",
    ),
    row(
        "mood",
        "hopeful",
        "e.6 v.8",
        en="hopeful|hope|uplifting|inspiring|inspirational|optimistic|positive|empowering|confident|confidence",
        de="hoffnungsvoll|hoffnung|aufbauend|positiv|optimistisch|inspirierend|mutmachend",
        es="esperanza|positivo|positiva|optimista|inspirador|inspiradora|buena onda|buen rollo",
        hi="umeed|ummeed|prerna|उम्मीद|प्रेरणा",
    ),
)

SOUNDS: Final = (
    row(
        "sound",
        "slow",
        "e.3 t72",
        en="slow|slowly|slower|ballad|ballads|downtempo|down tempo|slow tempo|slow paced",
        de="langsam|ballade|balladen",
        es="lento|lenta|balada|baladas",
        hi="dheema|dheeme|dheemi|dhime|dheere|धीमा|धीमे|धीमी|धीरे",
    ),
    row(
        "sound",
        "fast",
        "e.85 t145",
        en="fast|faster|quick|uptempo|up tempo|rapid|fast paced|high tempo|speedy",
        de="schnell|rasant|flott",
        es="rápido|rápida",
        hi="tez|tezz|तेज|तेज़",
    ),
    row(
        "sound",
        "loud",
        "e.92 a.12",
        en="loud|louder|noisy|noise|heavy|hard|harsh|brutal|screaming|shouting|hectic|intense",
        de="laut|lärm|hart|heftig|hektisch",
        es="fuerte|ruidoso|ruidosa|ruido|a todo volumen|duro",
        hi="shor|shor sharaba|शोर|ज़ोरदार|जोरदार",
    ),
    row("sound", "instrumental", "i1", en="instrumental", de="instrumental", es="instrumental", hi="वाद्य"),
    row(
        "sound",
        "vocals",
        "i0",
        en="vocals|vocal|lyrics|lyric|singing|singer|voice|voices|words|sung|talking",
        de="gesang|texte|text|worte|stimme|stimmen|sänger|sängerin",
        es="letra|letras|voz|voces|cantante",
        hi="bol|bolon|shabd|awaaz|awaz|बोल|बोलों|शब्द|शब्दों|आवाज़|आवाज",
    ),
    row(
        "sound",
        "acoustic",
        "e.3 a.92",
        en="acoustic|acoustically|unplugged|stripped down|stripped back|organic",
        de="akustisch|akustik|unplugged",
        es="acústico|acústica",
    ),
    row(
        "sound",
        "acoustic instruments",
        "e.3 a.88",
        en="guitar|guitars|piano|strings|violin|cello|flute|sitar|ukulele|harp|harmonica",
        de="gitarre|gitarren|klavier|geige|streicher|flöte|harfe",
        es="guitarra|guitarras|piano|violín|arpa",
        hi="bansuri|bansi|tabla|गिटार|सितार|बांसुरी|पियानो|तबला",
    ),
    row(
        "sound",
        "electric",
        "e.75 a.1",
        en="electric|electric guitar|electric guitars|distortion|distorted|riffs|bass drop",
        de="e gitarre|e gitarren|verzerrt",
        es="guitarra eléctrica|guitarras eléctricas",
    ),
    row(
        "sound",
        "drums",
        "e.7 a.25 d.7",
        en="drums|drum|drumming|percussion|bass|bassy|bass heavy",
        de="schlagzeug|trommeln|bässe",
        es="batería|tambores|percusión|bajo",
        hi="dhol|ढोल|ड्रम",
    ),
)
