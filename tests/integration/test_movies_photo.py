"""A photo on the movie route, through the whole handler to the model and back."""

import asyncio
import io
import json
import time
from typing import Any

import pytest

from fanfare import aio, aws, telemetry
from fanfare.cache import store
from integration.recommendation_function import Answer, Function
from recommendation import handler as function
from recommendation.contract import MovieAnswer, MovieRequest
from recommendation.photo import prepared
from support.photos import CAMERA, GREY, NIGHT, encoded, photo
from support.world import World

ALL_GREY = photo(GREY, GREY)
OPEN_AIR = photo()
DARK = photo(NIGHT, NIGHT)


def show(recommendation: Function, file: bytes, prompt: str | None = None, **fields: Any) -> Answer:
    said = {} if prompt is None else {"prompt": prompt}
    return recommendation.post({"photo": encoded(file), **said, **fields})


def wanted(answer: Answer) -> list[str]:
    genres: list[str] = answer.body["intent"]["include_genres"]
    return genres


def model_calls(world: World) -> int:
    return world.calls().get("model.chat", 0)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photo_reaches_the_model_upright_small_and_stripped(recommendation: Function, orientation: int) -> None:
    answer = show(recommendation, photo(size=(2000, 1501), orientation=orientation))
    assert answer.status == 200
    # The sample model takes no picture over 512 px and none with metadata, and sees the sky only where it is above.
    assert not answer.meta["degraded"], answer.meta["reasons"]
    assert wanted(answer) == ["Adventure", "Western"]
    assert answer.body["used_ai"] is True
    assert answer.meta["sources"] == {
        "intent": "model",
        "message": "model",
        "films": "tmdb",
        "answer": "computed",
        "photo": "model",
    }
    assert "photo" in answer.meta["timings"]
    assert len(answer.body["movies"]) == 10


def test_the_sky_is_not_above_in_a_photo_that_lies_on_its_side(recommendation: Function) -> None:
    assert wanted(show(recommendation, photo(orientation=6, tagged=False))) == []


def test_a_photo_decides_what_words_leave_open_and_no_more(recommendation: Function) -> None:
    assert wanted(show(recommendation, DARK, "a film for tonight")) == ["Thriller", "Crime"]
    assert wanted(show(recommendation, DARK, "a comedy for tonight")) == ["Comedy"]
    careful = show(recommendation, DARK, "a film for tonight, no thriller")
    assert wanted(careful) == ["Crime"]
    assert careful.body["intent"]["exclude_genres"] == ["Thriller"]


@pytest.mark.parametrize(
    ("language", "spoken", "said"),
    [("de-DE", "de", "Wunsch"), ("en-GB", "en", "wish"), ("fr-FR", "fr", "wish"), ("ja-JP", "en", "wish")],
)
def test_without_words_the_answer_is_in_the_language_of_the_request(
    recommendation: Function, language: str, spoken: str, said: str
) -> None:
    answer = show(recommendation, DARK, language=language)
    assert answer.body["intent"]["language"] == spoken
    assert said in answer.body["message"]


def test_an_empty_prompt_beside_a_photo_is_no_prompt(recommendation: Function, world: World) -> None:
    first = show(recommendation, DARK)
    again = show(recommendation, DARK, "  ")
    assert again.meta["sources"]["answer"] == "memory"
    assert again.body["movies"] == first.body["movies"]
    assert recommendation.post({"photo": encoded(DARK), "prompt": None}).status == 200
    assert model_calls(world) == 1


def test_the_alias_takes_a_photo_too(recommendation: Function) -> None:
    answer = recommendation.post({"photo": f"data:image/jpeg;base64,{encoded(DARK)}"}, path="/api/recommend")
    assert wanted(answer) == ["Thriller", "Crime"]


@pytest.mark.parametrize(
    ("sent", "field", "reason"),
    [
        ({"photo": "not base64!"}, "photo", "base64"),
        ({"photo": "not base64!", "prompt": "funny"}, "photo", "base64"),
        ({"photo": ""}, "photo", "at least 1"),
        ({"photo": " "}, "photo", "empty"),
        ({"photo": 7}, "photo", "string"),
        ({"photo": [encoded(DARK)]}, "photo", "string"),
        ({"photo": "https://example.com/me.jpg"}, "photo", "base64"),
        ({"photo": "data:text/html;base64,PGh0bWw+"}, "photo", "data URL"),
        ({"photo": encoded(b"%PDF-1.7 and no picture")}, "photo", "PDF"),
        ({"photo": encoded(b"<svg></svg>")}, "photo", "SVG"),
        ({"photo": encoded(DARK[:1500])}, "photo", "damaged"),
        ({"photo": None}, "prompt", "required"),
        ({"photo": None, "prompt": None}, "prompt", "required"),
        ({"photo": None, "prompt": " "}, "prompt", "empty"),
        ({}, "prompt", "required"),
    ],
)
def test_bad_photos_are_named_and_nobody_is_asked(
    recommendation: Function, world: World, sent: dict[str, Any], field: str, reason: str
) -> None:
    answer = recommendation.post(sent)
    assert answer.status == 422
    (error,) = answer.body["errors"]
    assert error["field"] == field
    assert reason in error["message"]
    assert world.calls() == {}


def test_a_photo_is_looked_at_once_and_each_photo_by_itself(recommendation: Function, world: World) -> None:
    first = show(recommendation, DARK, "a film")
    before = world.calls()
    again = show(recommendation, DARK, "A film ")
    elsewhere = show(recommendation, photo(NIGHT, NIGHT, latitude=12.0), "a film")  # the same, but for its metadata
    recommendation.restart()
    shared = show(recommendation, DARK, "a film")
    assert [each.meta["sources"]["answer"] for each in (again, elsewhere, shared)] == ["memory", "memory", "shared"]
    assert all(each.body["movies"] == first.body["movies"] for each in (again, elsewhere, shared))
    assert world.calls() == before

    other = show(recommendation, OPEN_AIR, "a film")
    none = recommendation.ask("a film")
    assert [wanted(each) for each in (shared, other, none)] == [["Thriller", "Crime"], ["Adventure", "Western"], []]
    assert model_calls(world) == 3


def test_another_list_for_the_same_photo_does_not_ask_the_model_again(recommendation: Function, world: World) -> None:
    seen = [film["tmdb_id"] for film in show(recommendation, DARK).body["movies"]]
    more = show(recommendation, DARK, exclude_ids=seen)
    assert more.meta["sources"]["photo"] == "remembered model answer"
    assert not set(seen) & {film["tmdb_id"] for film in more.body["movies"]}
    assert model_calls(world) == 1


def test_who_waits_for_somebody_that_gives_up_has_his_own_photo_looked_at(
    recommendation: Function, world: World
) -> None:
    world.behave(model_chat={"first_token_ms": 900, "last_token_ms": 1000})
    request = MovieRequest(photo=encoded(DARK))

    async def scenario() -> tuple[MovieAnswer, int]:
        with telemetry.request() as figures:
            first = asyncio.create_task(function.movies().recommend(request))
            await asyncio.sleep(0.2)
            second = asyncio.create_task(function.movies().recommend(request))
            await asyncio.sleep(0.2)
            first.cancel()
            return await second, figures.cache["answers.coalesced"]

    answer, joined = aio.run(scenario())
    assert joined == 1
    assert answer.intent.include_genres == ("Thriller", "Crime")
    assert not answer.meta.degraded


def test_nothing_of_a_photo_is_kept_or_logged(recommendation: Function, world: World, logged: io.StringIO) -> None:
    sent = aio.run(prepared(encoded(DARK))).url.partition(",")[2]
    show(recommendation, DARK, "a film")
    kept = [record.body for record in store().memory._records.values()]
    world.behave(model_chat={"fail_rate": 1.0, "status": 500}, tmdb_details={"fail_rate": 0.5})
    show(recommendation, DARK, "another film")
    show(recommendation, DARK[:1500], "a damaged one")
    log = logged.getvalue()
    assert kept
    assert "the model failed" in log
    for part in (encoded(DARK)[:60], encoded(DARK)[-60:], sent[:60], sent[-60:], CAMERA):
        assert part not in log
        assert not any(part.encode() in body for body in kept)
    assert not any(DARK[:60] in body for body in kept)


UNSEEN = "the photo was not looked at"


@pytest.mark.parametrize(
    "behaviour",
    [
        {"fail_rate": 1.0, "status": 500},
        {"fail_rate": 1.0, "status": 400},  # as from a model that has no eyes
        {"refusal": True},
        {"malformed": True, "stream": False},
    ],
)
def test_with_the_model_down_the_rules_read_the_prompt_and_the_photo_is_said_to_be_unseen(
    recommendation: Function, world: World, behaviour: dict[str, Any]
) -> None:
    world.behave(model_chat=behaviour)
    answer = show(recommendation, DARK, "a comedy from the 90s, no horror")
    assert answer.status == 200
    assert answer.body["used_ai"] is False
    assert wanted(answer) == ["Comedy"]
    assert answer.meta["degraded"]
    assert UNSEEN in " ".join(answer.meta["reasons"])
    assert answer.meta["sources"] == {
        "intent": "rules",
        "message": "rules",
        "films": "tmdb",
        "answer": "computed",
        "photo": "none",
    }
    assert answer.body["message"] == (
        "Comedies from the 1990s, but no horror films. Here are 10 films. The photo could not be looked at."
    )
    world.reset()
    assert not show(recommendation, DARK, "a comedy from the 90s, no horror").meta["degraded"]


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en-US", "The photo could not be looked at, so these are popular films. Here are 10 films."),
        ("de-DE", "Das Foto konnte nicht angesehen werden, deshalb beliebte Filme. Hier sind 10 Filme."),
    ],
)
@pytest.mark.parametrize("configured", [True, False])
def test_without_model_and_words_there_are_popular_films_and_it_is_said(
    recommendation: Function, world: World, language: str, message: str, configured: bool
) -> None:
    world.behave(model_chat={"fail_rate": 1.0, "status": 503})
    if not configured:
        recommendation.restart(MODEL_API_KEY_PARAMETER="")
    answer = show(recommendation, DARK, language=language)
    assert answer.status == 200
    assert answer.body["message"] == message
    assert answer.body["used_ai"] is False
    assert answer.meta["degraded"]
    (reason,) = answer.meta["reasons"]
    assert UNSEEN in reason
    assert answer.meta["sources"]["intent"] == answer.meta["sources"]["photo"] == "none"
    assert len(answer.body["movies"]) == 10
    assert model_calls(world) == configured


def test_a_model_that_breaks_off_late_has_seen_the_photo(recommendation: Function, world: World) -> None:
    world.behave(model_chat={"cut_after": 0.7})
    answer = show(recommendation, DARK)
    assert wanted(answer) == ["Thriller", "Crime"]
    assert answer.body["used_ai"] is True
    assert answer.meta["sources"]["photo"] == "model"
    assert answer.meta["sources"]["message"] == "rules"
    assert UNSEEN not in json.dumps(answer.body)
    assert "photo" not in answer.body["message"]


def test_no_guess_is_made_where_there_are_no_words(recommendation: Function) -> None:
    recommendation.restart(SPECULATIVE_CALLS="5", CACHE_TABLE="")
    assert show(recommendation, DARK, "a comedy").meta["extra_calls"].get("speculative")
    assert not show(recommendation, OPEN_AIR).meta["extra_calls"].get("speculative")


def later(monkeypatch: pytest.MonkeyPatch, recommendation: Function, seconds: float) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)
    recommendation.restart()


def test_a_stale_answer_to_a_photo_is_made_anew_and_nothing_goes_to_the_queue(
    recommendation: Function, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = show(recommendation, DARK, "a film")
    recommendation.ask("a film")
    later(monkeypatch, recommendation, 1200)
    again = show(recommendation, DARK, "a film")
    assert again.meta["sources"]["answer"] == "computed"
    assert not again.meta["stale"]
    assert not again.meta["degraded"]
    assert again.body["movies"] == first.body["movies"]
    assert model_calls(world) == 2  # what was seen is remembered for longer
    assert recommendation.queued() == []
    recommendation.ask("a film")
    assert len(recommendation.queued()) == 1  # as without a photo


def test_a_stale_answer_to_a_photo_is_given_where_none_can_be_made(
    recommendation: Function, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = show(recommendation, DARK, "a film")
    table, name = aws.client("dynamodb"), recommendation.environment["CACHE_TABLE"]
    for item in table.scan(TableName=name)["Items"]:
        if item["pk"]["S"].startswith("discover:"):
            table.delete_item(TableName=name, Key={"pk": item["pk"]})
    later(monkeypatch, recommendation, 1200)
    world.behave(tmdb_discover={"fail_rate": 1.0, "status": 503})
    answer = show(recommendation, DARK, "a film")
    assert answer.status == 200
    assert answer.body["movies"] == first.body["movies"]
    assert answer.meta["stale"]
    assert "this answer is past its time; a new one could not be made" in answer.meta["reasons"]
    assert recommendation.queued() == []
