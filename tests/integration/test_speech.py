"""POST /api/v1/speech and its aliases: each text is spoken once, recalled after that, and its audio can be played."""

import asyncio
import io
from typing import Any

import httpx2
import pytest
from tinytag import TinyTag

from fanfare.cache.policy import days, hours
from fanfare.storage import Bucket
from integration.images_function import later
from integration.speech_function import SPEECH, Answer, Function, loudest, told
from speech import handler as function

WORDS = {
    "en": ["house", "water", "a quiet evening", "queue"],
    "de": ["Straße", "schön", "das Mädchen", "Bücher"],
    "hi": ["नमस्ते", "पानी", "मेरा नाम", "किताब"],
}


def one(speech: Function, **item: Any) -> dict[str, Any]:
    """Have one item spoken."""
    audio_format = item.pop("format", "wav")
    [spoken] = speech.post(
        SPEECH, {"items": [{"text": "house", "language": "en"} | item], "format": audio_format}
    ).items
    assert spoken["error"] is None
    return spoken


def ids(got: Answer) -> list[str]:
    return [item["id"] for item in got.items]


def cached(got: Answer) -> list[bool]:
    return [item["cached"] for item in got.items]


def fetched(url: str) -> bytes:
    return httpx2.get(url).raise_for_status().content


def test_answers_come_in_the_order_of_the_items(speech: Function) -> None:
    texts = ["a" * length for length in (20, 5, 30, 10)]
    got = speech.speak(*texts)
    assert [item["duration"] for item in got.items] == pytest.approx([1.2, 0.3, 1.8, 0.6])
    for item in got.items:
        body = fetched(item["audio_url"])
        assert len(body) == item["bytes"]
        assert loudest(body) > 5000
    assert (got.json["spoken"], got.json["failed"]) == (4, 0)
    assert (got.json["meta"]["sources"], got.json["meta"]["upstream_calls"]) == ({"audio": "openai"}, {"openai": 4})


def test_a_text_that_comes_twice_is_spoken_once(speech: Function) -> None:
    got = speech.speak("house", "tree", "house", " house ")
    assert speech.voice.spoken == {"house": 1, "tree": 1}
    assert ids(got)[0] == ids(got)[2] == ids(got)[3] != ids(got)[1]
    assert got.json["meta"]["cache"]["speech.coalesced"] == 2


def test_what_was_spoken_is_recalled_also_by_another_process(speech: Function) -> None:
    first = speech.speak("house", "tree")
    again = speech.speak("tree", "house", "car")
    speech.restart()
    other = speech.speak("house", "tree")
    assert speech.voice.spoken == {"house": 1, "tree": 1, "car": 1}
    assert (cached(first), cached(again), cached(other)) == ([False] * 2, [True, True, False], [True] * 2)
    assert ids(other) == ids(first)
    assert other.json["meta"]["upstream_calls"] == {}


def test_a_hundred_known_words_are_one_read_and_no_call(speech: Function) -> None:
    words = [f"word {number}" for number in range(100)]
    assert speech.speak(*words, prefer="wait").status == 200
    speech.restart()
    dynamodb, s3 = speech.count_calls("dynamodb"), speech.count_calls("s3")
    asked = len(speech.voice.asked)
    assert all(cached(speech.speak(*words)))
    assert dynamodb == {"BatchGetItem": 1}
    assert not s3
    assert len(speech.voice.asked) == asked


@pytest.mark.parametrize(
    "change",
    [
        {"text": "houses"},
        {"text": "House"},
        {"language": "en-GB"},
        {"voice": "nova"},
        {"speed": 1.5},
        {"format": "mp3"},
        {"instructions": "sadly"},
        {"context": "my house"},
    ],
    ids=str,
)
def test_whatever_changes_the_sound_changes_the_audio(speech: Function, change: dict[str, Any]) -> None:
    first, other = one(speech), one(speech, **change)
    assert first["id"] != other["id"]
    assert not other["cached"]
    assert len(speech.objects()) == 2


def test_another_model_speaks_anew(speech: Function) -> None:
    first = one(speech)
    speech.restart(TTS_MODEL="another")
    assert one(speech)["id"] != first["id"]
    assert [asked["model"] for asked in speech.voice.asked] == ["gpt-4o-mini-tts", "another"]


@pytest.mark.parametrize(
    "item", [{"text": " cafe\u0301\n"}, {"voice": "alloy"}, {"speed": 1}, {"language": "English"}], ids=str
)
def test_what_makes_no_difference_to_the_sound_makes_none_to_the_audio(speech: Function, item: dict[str, Any]) -> None:
    first = one(speech, text="caf\u00e9")
    again = one(speech, **{"text": "caf\u00e9"} | item)
    assert (again["id"], again["cached"]) == (first["id"], True)


def test_without_the_cache_everything_is_spoken_anew(speech: Function) -> None:
    speech.restart(TTS_CACHE_ENABLED="false")
    answers = [speech.speak("house", "house") for _ in range(2)]
    assert speech.voice.spoken == {"house": 2}
    assert [cached(got) for got in answers] == [[False, False]] * 2
    assert loudest(fetched(answers[1].items[0]["audio_url"])) > 5000


def test_audio_that_still_lies_there_is_not_made_again(speech: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    first = one(speech)
    later(monkeypatch, hours(3))
    for restart in (False, True):
        if restart:
            speech.restart()
        again = one(speech)
        assert (again["id"], again["cached"]) == (first["id"], True)
    assert speech.voice.spoken == {"house": 1}


def test_the_entry_lives_as_long_as_the_setting_says(speech: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    speech.restart(TTS_CACHE_TTL="60")
    one(speech)
    later(monkeypatch, 61)
    s3 = speech.count_calls("s3")
    one(speech)
    assert s3 == {"HeadObject": 1}  # only one that has expired is looked after


def test_audio_that_is_gone_is_made_again(speech: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    first = one(speech)
    speech.delete()
    assert speech.get(f"{SPEECH}/{first['id']}").status == 404
    later(monkeypatch, hours(3))
    again = one(speech)
    assert (again["id"], again["cached"]) == (first["id"], False)
    assert loudest(fetched(again["audio_url"])) > 5000
    assert speech.voice.spoken == {"house": 2}


def test_audio_that_is_soon_deleted_is_made_again(speech: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    age = Bucket.age

    async def aged(self: Bucket, key: str) -> float:
        return await age(self, key) + days(59)

    one(speech)
    monkeypatch.setattr(Bucket, "age", aged)
    assert one(speech)["cached"]  # while the entry is fresh nobody looks
    later(monkeypatch, hours(3))
    assert not one(speech)["cached"]
    assert speech.voice.spoken == {"house": 2}


def test_settings_choose_voices_by_language(speech: Function) -> None:
    before = one(speech)
    speech.restart(TTS_VOICES="openai.en=nova,openai.en-GB=fable,espeak.en=en-us")
    spoken = [one(speech, **item) for item in ({}, {"language": "en-GB"}, {"language": "de"}, {"voice": "echo"})]
    assert [each["voice"] for each in spoken] == ["nova", "fable", "alloy", "echo"]
    assert [each["voice"] for each in speech.voice.asked[1:]] == ["nova", "fable", "alloy", "echo"]
    assert len({each["id"] for each in [before, *spoken]}) == 5


def test_a_new_link_leads_to_the_audio(speech: Function) -> None:
    spoken = one(speech)
    got = speech.get(f"{SPEECH}/{spoken['id']}")
    assert got.status == 302
    assert fetched(got.headers["location"]) == fetched(spoken["audio_url"])
    assert got.headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    "audio_id",
    [
        "x",
        f"{'0' * 64}.mp3",
        f"{'0' * 64}",
        f"{'0' * 64}.ogg",
        "..",
        "../jobs/x",
        f"{'A' * 64}.wav",
        "%2e%2e%2fjobs",
        "\0",
    ],
)
def test_a_link_to_what_is_no_audio_is_not_found(speech: Function, audio_id: str) -> None:
    got = speech.get(f"{SPEECH}/{audio_id}")
    assert got.status == 404
    assert got.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        (
            "/api/word/tts",
            {"word": "Haus", "language": "German", "sentence": "Das Haus ist alt.", "instructions": "Speak slowly."},
            "Haus",
        ),
        (
            "/api/word/tts",
            {"word": "Haus", "language": "de", "sentence": None, "instructions": None, "more": 1},
            "Haus",
        ),
        ("/api/sentence/tts", {"sentence": "Das Haus ist alt.", "language": "de"}, "Das Haus ist alt."),
        ("/api/sentence/tts", {"text": "Das Haus ist alt.", "language": "de", "speed": 0.8}, "Das Haus ist alt."),
    ],
)
def test_published_clients_get_what_they_expect(speech: Function, path: str, body: dict[str, Any], text: str) -> None:
    got = speech.post(path, body)
    assert got.status == 200, got
    assert got.json["success"] is True
    audio = TinyTag.get(file_obj=io.BytesIO(fetched(got.json["audio_url"])))
    assert audio.duration == pytest.approx(got.json["duration"], abs=0.1)
    assert speech.voice.spoken == {text: 1}
    assert speech.post(path, body).json["cached"]


def test_the_sentence_of_a_word_is_its_context(speech: Function) -> None:
    body = {"word": "Haus", "language": "de", "sentence": "Das Haus ist alt.", "instructions": "Speak slowly."}
    word = speech.post("/api/word/tts", body).json
    item = {"text": "Haus", "language": "de", "context": body["sentence"], "instructions": body["instructions"]}
    assert one(speech, **item, format="mp3")["id"] == word["id"]
    assert all(hint in speech.voice.asked[0]["instructions"] for hint in ("Das Haus ist alt.", "Speak slowly."))


@pytest.mark.parametrize("audio_format", ["wav", "mp3"])
def test_espeak_speaks_a_dozen_words_in_three_languages_with_timings(speech: Function, audio_format: str) -> None:
    speech.restart(TTS_ENGINES="espeak")
    asked = [{"text": text, "language": language} for language, texts in WORDS.items() for text in texts]
    got = speech.post(SPEECH, {"items": asked, "format": audio_format})
    assert told(got.items) == ["espeak"] * 12
    assert len(set(ids(got))) == 12
    for item, spoken in zip(asked, got.items, strict=True):
        body = fetched(spoken["audio_url"])
        assert audio_format == "mp3" or loudest(body) > 2000
        assert TinyTag.get(file_obj=io.BytesIO(body)).duration == pytest.approx(spoken["duration"], abs=0.1)
        assert [timing["word"] for timing in spoken["timings"]] == item["text"].split()
        assert spoken["timings"][-1]["end"] == pytest.approx(spoken["duration"], abs=0.01)
    speech.restart(TTS_ENGINES="espeak")
    again = speech.post(SPEECH, {"items": asked, "format": audio_format})
    assert [item["timings"] for item in again.items] == [item["timings"] for item in got.items]


def test_the_figures_tell_what_was_done(speech: Function) -> None:
    speech.speak("house", "tree", "house")
    speech.speak("house", "tree", "car")
    status = speech.get("/api/debug/tts-status").json
    stats = speech.get("/api/debug/cache-stats").json
    assert stats["process"] == status["process"]
    assert stats["caches"]["speech"] == status["cache"]
    assert {name: status["cache"][name] for name in ("hit", "miss", "coalesced")} == {
        "hit": 2,
        "miss": 3,
        "coalesced": 1,
    }
    assert (stats["memory"]["entries"], status["in_flight"], status["queued"]) == (3, 0, 0)
    [engine] = status["engines"]
    assert (engine["engine"], engine["health"], engine["failures_in_a_row"]) == ("openai", "healthy", 0)
    speech.voice.behave = lambda _: httpx2.Response(500)
    speech.speak("garden")
    [failing] = speech.get("/api/debug/tts-status").json["engines"]
    assert (failing["health"], failing["failures_in_a_row"]) == ("failing", 2)


def test_the_figures_tell_what_is_under_way(speech: Function) -> None:
    speech.restart(TTS_RAMP_SECONDS="60", CACHE_TABLE="")
    seen: list[dict[str, Any]] = []

    async def look(_: str) -> None:
        await asyncio.sleep(0.01)
        seen.append(function.synthesis().lanes["openai"].status())

    speech.voice.behave = look
    speech.speak(*(f"word {number}" for number in range(8)))
    assert (max(each["in_flight"] for each in seen), max(each["queued"] for each in seen)) == (5, 3)


def test_a_child_that_speaks_is_kept_for_the_next_request(speech: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    speech.restart(TTS_ENGINES="espeak")
    started: list[int] = []
    start = asyncio.create_subprocess_exec

    async def counted(*arguments: Any, **options: Any) -> Any:
        process = await start(*arguments, **options)
        started.append(process.pid)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", counted)
    for text in ("Haus", "Baum", "Zeit"):
        assert told(speech.speak(text, language="de").items) == ["espeak"]
    assert len(started) == 1
