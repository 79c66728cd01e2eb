"""What rules say of words, and what they must not say: each counter-example looks like one of the rules' cases."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.word_rules import ARTICLES, ENDINGS, EXCEPTIONS, Known, known

NOTHING = Known()

WORDS = [
    ("de", "der Hund", Known("Hund", "noun", "masculine")),
    ("de", "das Haus", Known("Haus", "noun", "neuter")),
    ("de", "Das Haus", Known("Haus", "noun", "neuter")),
    ("de-AT", "das Haus", Known("Haus", "noun", "neuter")),
    ("de", "eine Katze", Known("Katze", "noun", "feminine")),
    ("de", "ein Hund", Known("Hund", "noun", None)),
    ("de", "die Katze", Known(None, "noun", None)),  # as die Häuser, die are many
    ("de", "die Häuser", Known(None, "noun", None)),
    ("de", "die Freiheit", Known("Freiheit", "noun", "feminine")),
    ("de", "die Mädchen", Known("Mädchen", "noun", "neuter")),
    ("de", "das Freiheit", Known("Freiheit", "noun", None)),
    ("de", "das heißt", NOTHING),
    ("de", "ein bisschen", NOTHING),
    ("de", "der große Hund", Known(pos="phrase")),
    ("de", "Zeitung", Known("Zeitung", "noun", "feminine")),
    ("de", "Möglichkeit", Known("Möglichkeit", "noun", "feminine")),
    ("de", "Freundschaft", Known("Freundschaft", "noun", "feminine")),
    ("de", "Brötchen", Known("Brötchen", "noun", "neuter")),
    ("de", "Zeitungen", NOTHING),
    ("de", "Ursprung", NOTHING),
    ("de", "der Ursprung", NOTHING),
    ("de", "jung", NOTHING),
    ("de", "Dung", NOTHING),
    ("de", "Kuchen", NOTHING),
    ("de", "der Kuchen", Known("Kuchen", "noun", "masculine")),
    ("de", "Kirchen", NOTHING),
    ("de", "machen", NOTHING),
    ("de", "FREIHEIT", NOTHING),
    ("de", "laufen", NOTHING),
    ("en", "to run", Known("run", "verb")),
    ("en", "to be", Known("be", "verb")),
    ("en", "to me", NOTHING),
    ("en", "to school", NOTHING),
    ("en", "to Paris", NOTHING),
    ("en", "to USA", NOTHING),
    ("en", "to", NOTHING),
    ("en", "to give up", Known(pos="phrase")),
    ("en", "ice cream", Known(pos="phrase")),
    ("en", "happiness", Known("happiness", "noun")),
    ("en", "Happiness", Known("happiness", "noun")),
    ("en", "education", Known("education", "noun")),
    ("en", "government", Known("government", "noun")),
    ("en", "finally", Known("finally", "adverb")),
    ("en", "beautifully", Known("beautifully", "adverb")),
    ("en", "probably", Known("probably", "adverb")),
    ("en", "friendly", NOTHING),
    ("en", "lively", NOTHING),
    ("en", "family", NOTHING),
    ("en", "rally", NOTHING),
    ("en", "question", NOTHING),
    ("en", "comment", NOTHING),
    ("en", "augment", NOTHING),
    ("en", "clement", NOTHING),
    ("en", "witness", NOTHING),
    ("en", "the best", NOTHING),
    ("en", "a few", NOTHING),
    ("en", "run", NOTHING),
    ("en", "der Hund", Known(pos="phrase")),
    ("fr", "le chat", Known("chat", "noun", "masculine")),
    ("fr", "la France", Known("France", "noun", "feminine")),
    ("fr", "une idée", Known("idée", "noun", "feminine")),
    ("fr", "l'eau", Known("eau", "noun", None)),
    ("fr", "L’eau", Known("eau", "noun", None)),
    ("fr", "l'éducation", Known("éducation", "noun", "feminine")),
    ("fr", "les chats", Known(None, "noun", None)),
    ("fr", "le mien", NOTHING),
    ("fr", "l'autre", NOTHING),
    ("fr", "un peu", NOTHING),
    ("fr", "aujourd'hui", NOTHING),
    ("fr", "solution", Known("solution", "noun", "feminine")),
    ("fr", "établissement", Known("établissement", "noun", "masculine")),
    ("fr", "heureusement", Known("heureusement", "adverb")),
    ("fr", "bastion", NOTHING),
    ("fr", "comité", NOTHING),
    ("fr", "gouvernement", NOTHING),
    ("es", "el perro", Known("perro", "noun", "masculine")),
    ("es", "la mano", Known("mano", "noun", "feminine")),
    ("es", "el agua", NOTHING),
    ("es", "lo bueno", Known(pos="phrase")),
    ("es", "la canción", Known("canción", "noun", "feminine")),
    ("es", "canciones", NOTHING),
    ("es", "sociedad", Known("sociedad", "noun", "feminine")),
    ("es", "ayudad", NOTHING),
    ("es", "finalmente", Known("finalmente", "adverb")),
    ("es", "aumente", NOTHING),
    ("es", "lamente", NOTHING),
    ("it", "lo zaino", Known("zaino", "noun", "masculine")),
    ("it", "l'amica", Known("amica", "noun", None)),
    ("it", "un'amica", Known("amica", "noun", "feminine")),
    ("it", "gli zaini", Known(None, "noun", None)),
    ("it", "lo stesso", NOTHING),
    ("it", "un po'", NOTHING),
    ("it", "stazione", Known("stazione", "noun", "feminine")),
    ("it", "clemente", NOTHING),
    ("pt", "o livro", Known("livro", "noun", "masculine")),
    ("pt-BR", "a casa", Known("casa", "noun", "feminine")),
    ("pt", "a pé", NOTHING),
    ("pt", "nação", NOTHING),
    ("pt", "educação", Known("educação", "noun", "feminine")),
    ("pt", "coração", NOTHING),
    ("nl", "het huis", Known("huis", "noun", "neuter")),
    ("nl", "de man", Known(None, "noun", None)),
    ("nl", "de vrijheid", Known("vrijheid", "noun", "common")),
    ("nl", "een beetje", NOTHING),
    ("sv", "ett hus", Known("hus", "noun", "neuter")),
    ("sv", "en bil", Known("bil", "noun", "common")),
    ("sv", "en annan", NOTHING),
    ("sv", "frihet", Known("frihet", "noun", "common")),
    ("sv", "glödhet", NOTHING),
    ("hi", "करना", Known("करना", "verb")),
    ("hi", "पढ़ना", Known("पढ़ना", "verb")),
    ("hi", "समझना", Known("समझना", "verb")),
    ("hi", "सपना", NOTHING),
    ("hi", "महीना", NOTHING),
    ("hi", "अपना", NOTHING),
    ("hi", "तुलना", NOTHING),
    ("hi", "काम करना", Known(pos="phrase")),
    ("ja", "勉強する", NOTHING),
    ("ar", "مدرسة", NOTHING),
    ("en", "../../etc/happiness", NOTHING),
    ("en", "🙂", NOTHING),
    ("en", "- -", NOTHING),
]


@pytest.mark.parametrize(("language", "word", "expected"), WORDS, ids=[f"{code}: {word}" for code, word, _ in WORDS])
def test_only_what_is_certain_is_said(language: str, word: str, expected: Known) -> None:
    assert known(unicodedata.normalize("NFC", word), language) == Known(
        unicodedata.normalize("NFC", expected.lemma) if expected.lemma else None, *expected[1:]
    )


def test_the_table_tries_every_language_and_every_list_of_exceptions() -> None:
    tried = {language.partition("-")[0] for language, _, _ in WORDS}
    refused = {language for language, _, expected in WORDS if expected == NOTHING}
    assert ARTICLES.keys() | ENDINGS.keys() <= tried
    assert EXCEPTIONS.keys() <= refused


@given(st.text(max_size=100), st.sampled_from(sorted(ARTICLES.keys() | ENDINGS.keys() | {"zh"})))
def test_any_text_gives_an_answer_and_no_lemma_but_of_its_own_letters(text: str, language: str) -> None:
    found = known(text, language)
    if found.lemma is not None:
        assert found.lemma.lower() in text.lower().replace("’", "'")
