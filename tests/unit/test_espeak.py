"""The embedded engine: real sound in many scripts, with the time of every word."""

import array
import asyncio
import io
import os
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import pytest
from tinytag import TinyTag

from fanfare.errors import UpstreamRejected
from speech.engines import espeak_children, espeak_voices
from speech.engines.espeak import Espeak
from speech.engines.espeak_words import timings
from speech.utterance import Speech, Timing, Utterance
from support.speaking import run, spoken

WORDS = [
    ("house", "en"),
    ("queue", "en-US"),
    ("a", "en-GB"),
    ("Straße", "de"),
    ("schön", "de-AT"),
    ("नमस्ते", "hi"),
    ("पानी", "hi-IN"),
    ("مرحبا", "ar"),
    ("كتاب", "ar-EG"),
    ("ねこ", "ja"),
    ("你好", "zh"),
    ("水", "zh-Hant-TW"),
    ("água", "pt-BR"),
]


def loudest(speech: Speech) -> int:
    """Of a WAV file; it also has to be as long as it says."""
    with wave.open(io.BytesIO(speech.body)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 22050)
        samples = array.array[int]("h", reader.readframes(reader.getnframes()))
    assert len(samples) / 22050 == pytest.approx(speech.duration)
    return max(map(abs, samples))


def test_words_are_heard_in_every_script_and_as_long_in_both_formats() -> None:
    async def scenario() -> list[tuple[Speech, Speech]]:
        engine = Espeak()
        utterances = [Utterance(*word) for word in WORDS]
        assert [engine.objection(utterance) for utterance in utterances] == [None] * len(WORDS)
        both = [asyncio.gather(engine.speak(each, "wav"), engine.speak(each, "mp3")) for each in utterances]
        return [(wav, mp3) for wav, mp3 in await asyncio.gather(*both)]

    for wav, mp3 in run(scenario()):
        assert wav.duration > 0.1
        assert loudest(wav) > 2000
        tag = TinyTag.get(file_obj=io.BytesIO(mp3.body))
        assert tag.duration == pytest.approx(wav.duration, abs=0.1)
        assert mp3.duration == pytest.approx(wav.duration, abs=0.01)
        assert len(mp3.body) < len(wav.body) / 2
        assert wav.timings is not None
        assert wav.timings[0].start < wav.timings[-1].end == wav.duration


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Don't say “42”, Zoë; it's well-known!", "en", ["Don't", "say", "42", "Zoë", "it's", "well-known"]),
        ("Grüße 😀 an die Welt.", "de", ["Grüße", "😀", "an", "die", "Welt"]),
        ("नमस्ते दुनिया।", "hi", ["नमस्ते", "दुनिया"]),
        ("مرحبا بالعالم، كيف", "ar", ["مرحبا", "بالعالم", "كيف"]),
        ("/etc/passwd or ../../x", "en", ["etc/passwd", "or", "x"]),
        ("one\ttwo\nthree  \x01\x02 four", "en", ["one", "two", "three", "four"]),
        ("Hello мир and שלום and नमस्ते", "en", ["Hello", "мир", "and", "שלום", "and", "नमस्ते"]),
    ],
)
def test_words_have_their_times(text: str, language: str, words: list[str]) -> None:
    speech = spoken(text, language)
    assert speech.timings is not None
    assert [timing.word for timing in speech.timings] == words
    starts = [timing.start for timing in speech.timings]
    assert starts == sorted(set(starts))
    assert [timing.end for timing in speech.timings] == [*starts[1:], speech.duration]


def test_words_that_are_written_together_are_told_apart_by_the_engine() -> None:
    speech = spoken("你好世界，再见", "zh")
    assert speech.timings is not None
    assert "".join(timing.word for timing in speech.timings) == "你好世界再见"
    assert len(speech.timings) > 2


def test_events_inside_words_repeated_or_out_of_order_make_no_words() -> None:
    text = "It's 42, 世界!"
    events = [(0, 0.0), (3, 0.1), (5, 0.3), (6, 0.4), (9, 0.35), (9, 0.5), (10, 0.6), (99, 0.7)]
    assert timings(text, events, 0.55) == (
        Timing("It's", 0.0, 0.3),
        Timing("42", 0.3, 0.35),
        Timing("世", 0.35, 0.55),
        Timing("界", 0.55, 0.55),
    )


def test_ssml_is_obeyed_and_its_entities_are_read() -> None:
    plain = spoken(ssml="<speak>Fish &amp; chips, caf&#233; now</speak>")
    paused = spoken(ssml='<speak>Fish &amp; chips, caf&#233; <break time="2s"/> now</speak>')
    assert paused.duration == pytest.approx(plain.duration + 2, abs=0.5)
    assert paused.timings is not None
    assert [timing.word for timing in paused.timings] == ["Fish", "&", "chips", "café", "now"]


def test_tags_in_plain_text_are_text() -> None:
    """Longer than the pause that SSML would make of it: it is read out."""
    assert spoken("<break/> a").duration > spoken(ssml="<speak><break/> a</speak>").duration


@pytest.mark.parametrize(
    "ssml",
    [
        '<speak><audio src="/etc/passwd"/>a</speak>',
        '<speak>< AUDIO src="x"/>a</speak>',
        '<!DOCTYPE x [<!ENTITY e "e">]><speak>&e;</speak>',
        '<!entity e "e"><speak>a</speak>',
    ],
)
def test_markup_that_names_files_or_unfolds_is_refused(ssml: str) -> None:
    assert Espeak().objection(Utterance("", "en", ssml=ssml))
    with pytest.raises(UpstreamRejected):
        spoken(ssml=ssml)


def test_the_library_itself_opens_no_file_that_ssml_names(tmp_path: Path) -> None:
    """Past the engine's objection, straight to a child: a file that is read counts as accessed."""
    sound = tmp_path / "sound.wav"
    sound.write_bytes(spoken("a long sentence that would be heard if it were played").body)
    os.utime(sound, (1, 2))
    request = {"voice": "en", "rate": 175, "format": "wav", "ssml": True}

    async def scenario() -> list[float]:
        texts = [f'<speak><audio src="{sound}">a</audio></speak>', "<speak>a</speak>"]
        return [(await espeak_children.ask(request | {"say": text}))[0]["duration"] for text in texts]

    played, without = run(scenario())
    assert played == pytest.approx(without, abs=0.1)
    assert sound.stat().st_atime == 1


def test_faster_is_shorter() -> None:
    slow, usual, fast = (spoken("one two three four five", speed=speed).duration for speed in (0.5, 1.0, 2.0))
    assert slow > 1.5 * usual
    assert usual > 1.5 * fast
    assert spoken("one", speed=100.0).duration == pytest.approx(spoken("one", speed=450 / 175).duration, rel=0.05)


@pytest.mark.parametrize("text", ["", "   ", "?", "!?"])
def test_silence_is_refused_by_name(text: str) -> None:
    with pytest.raises(UpstreamRejected, match="nothing to be heard"):
        spoken(text, "de")


def test_what_nobody_would_listen_to_is_refused() -> None:
    with pytest.raises(UpstreamRejected, match="too long"):
        spoken("猫" * 5000, "ja")


def test_five_thousand_characters_are_spoken() -> None:
    text = ("The quick brown fox jumps over the lazy dog. " * 120)[:5000]
    speech = spoken(text, "en", "mp3")
    assert speech.duration > 200
    assert speech.timings is not None
    assert len(speech.timings) == len(text.split())


def test_a_lone_surrogate_and_nul_do_no_harm() -> None:
    assert loudest(spoken("hel\ud800lo \x00 there")) > 2000


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("en-US", "en-us"),
        ("en-AU", "en"),
        ("pt-BR", "pt-br"),
        ("pt-PT", "pt"),
        ("es-MX", "es-419"),
        ("fr-FR", "fr"),
        ("nb-NO", "nb"),
        ("no", "nb"),
        ("zh", "cmn"),
        ("zh-CN", "cmn"),
        ("zh-Hant-HK", "yue"),
        ("HI-in", "hi"),
    ],
)
def test_a_language_has_a_voice(language: str, voice: str) -> None:
    assert spoken("a", language).voice == voice


def test_every_voice_of_the_tables_speaks() -> None:
    voices = sorted({*espeak_voices.VOICES, *espeak_voices.SPOKEN.values(), *espeak_voices.ALIASES.values()})
    assert len(voices) > 100

    async def scenario() -> list[Speech]:
        engine = Espeak()
        return await asyncio.gather(
            *(engine.speak(Utterance("ma ма 12", "en", voice=voice), "wav") for voice in voices)
        )

    assert [speech.voice for speech in run(scenario())] == voices


def test_a_voice_can_be_chosen() -> None:
    usual, variant = spoken("hello", voice="en-US"), spoken("hello", voice="en-gb+f3")
    assert (usual.voice, variant.voice) == ("en-us", "en+f3")
    engine = Espeak({"en": "en-gb-scotland", "en-US": "en-us-nyc"})
    voices = [engine.speak(Utterance("hello", language), "wav") for language in ("en", "en-IN", "en-US", "de")]

    async def scenario() -> list[str]:
        return [(await speech).voice for speech in voices]

    assert run(scenario()) == ["en-gb-scotland", "en-gb-scotland", "en-us-nyc", "de"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"language": "xx"}, "no voice for this language"),
        ({"ipa": "həˈləʊ"}, "takes no IPA"),
        ({"voice": "alloy"}, "no such voice"),
        ({"voice": "en+../../../etc/passwd"}, "no such voice"),
        ({"voice": "../../lang/gmw/en"}, "no such voice"),
        ({"voice": "en+"}, "no such voice"),
    ],
)
def test_what_it_cannot_speak_it_says(fields: dict[str, Any], problem: str) -> None:
    utterance = Utterance(**({"text": "hello", "language": "en"} | fields))
    assert Espeak().objection(utterance) == problem
    with pytest.raises(UpstreamRejected, match=problem):
        run(Espeak().speak(utterance, "mp3"))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en-GB", {"cat": "kˈat", "hello": "həlˈəʊ", "": "", "?": "", "the": "ðə"}),
        ("en-US", {"cat": "kˈæt", "hello": "həlˈoʊ"}),
        ("de", {"schön": "ʃˈøːn", "Computer": "kɔmpjˈuːtɜ"}),
        ("hi", {"नमस्ते": "nəmˈʌsteː"}),
        ("ja", {"ねこ": "nˈe̞ko̞"}),
        ("xx", {"cat": ""}),
    ],
)
def test_words_have_their_ipa(language: str, words: dict[str, str]) -> None:
    assert run(Espeak().ipa(list(words), language)) == list(words.values())


def test_the_ipa_of_a_word_of_another_language_has_no_marks_of_it() -> None:
    [ipa] = run(Espeak().ipa(["ねこ hello नमस्ते"], "ja"))
    assert "(" not in ipa


def test_the_model_is_what_the_library_says() -> None:
    code = (
        "import ctypes, sys; library = ctypes.CDLL(sys.argv[1]); library.espeak_Info.restype = ctypes.c_char_p;"
        "print(library.espeak_Info(None).decode())"
    )
    version = subprocess.check_output([sys.executable, "-c", code, str(espeak_children.LIBRARY)], text=True).strip()
    assert Espeak.model == f"espeak-ng {version}"
