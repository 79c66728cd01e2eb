"""The whole songs handler in this process: what it answers, what it asks others, and what it remembers."""

import statistics
from collections import Counter
from typing import Final

import pytest

from fanfare.cache import registry
from integration.songs_ears import truth
from integration.songs_function import EXCITED, PARTY, SAD, Answer, Function, meant, quadrants
from local_cloud.world import music
from local_cloud.world.character import Quadrant
from songs.choosing import quotas
from songs.contract import SongAnswer
from songs.vibe import WEIGHTS
from support.photos import GREY, NIGHT, photo
from support.pictures import heic
from support.world import World

MOODS: Final = (
    {"energy": 0.85, "valence": 0.85},
    {"energy": 0.2, "valence": 0.2},
    {"energy": 0.2, "valence": 0.8},
    {"energy": 0.8, "valence": 0.2},
    {"energy": 0.7, "valence": 0.7, "tempo": 140.0},
    {"energy": 0.3, "valence": 0.3, "acousticness": 0.9},
    {"energy": 0.5, "valence": 0.5},
    {"energy": 0.1, "valence": 0.9},
    {"energy": 0.9, "valence": 0.6, "danceability": 0.9},
    {"energy": 0.6, "valence": 0.1},
)
"""Ten that share no ranking; the first four are of these quadrants."""
QUADRANTS: Final[tuple[Quadrant, ...]] = ("excited", "sad", "content", "tense")


def languages(answer: Answer) -> Counter[str]:
    return Counter(song["language"] for song in answer.songs)


def test_a_text_becomes_songs_that_sound_like_it(songs: Function) -> None:
    answer = songs.ask(PARTY)
    body = SongAnswer.model_validate(answer.body)
    assert set(answer.body) == set(SongAnswer.model_fields)
    assert (len(body.songs), len({song.id for song in body.songs})) == (10, 10)
    assert body.analysis.mood == "euphoric"
    assert (body.meta.sources["analysis"], body.meta.sources["ranking"]) == ("model", "computed")
    assert (body.meta.degraded, body.meta.warnings) == (False, [])
    assert body.meta.cost > 0
    assert quadrants(answer.songs).count("excited") >= 8
    assert {"model", "top", "hearing", "total"} <= set(body.meta.timings)
    assert "total;dur=" in answer.headers["server-timing"]


def test_each_song_says_what_is_known_of_it_and_why_it_fits(songs: Function) -> None:
    answer = songs.ask(PARTY)
    analysis = answer.body["analysis"]
    for song in answer.songs:
        real = meant(song)
        assert (song["isrc"], song["duration"], song["explicit"]) == (real.isrc, real.duration, real.explicit)
        assert song["language"] == real.artist.language
        assert truth(song["preview_url"]) is real
        assert song["links"]["deezer"].endswith(f"/track/{song['id'].removeprefix('deezer:')}")
        assert song["cover"]
        assert song["features"]["source"] == "preview"
        assert song["features"]["energy"] == pytest.approx(real.character.energy, abs=0.01)
        parts = song["vibe_parts"]
        assert set(parts) == {name for name in WEIGHTS if analysis[name] is not None}
        assert {name for name, part in parts.items() if part is None} == set(WEIGHTS) - set(song["features"])
        assert parts["valence"] == pytest.approx(1 - abs(real.character.valence - analysis["valence"]), abs=0.01)
        # What is not known counts as middling.
        fit = sum(WEIGHTS[name] * (0.6 if part is None else part) for name, part in parts.items())
        assert song["vibe_score"] == pytest.approx(fit / sum(WEIGHTS.values()), abs=0.002)
        assert ("energetic" in song["why"].lower()) == (parts["energy"] >= 0.8)
        assert "its instrumentalness is unknown" in song["why"]


def test_a_mood_is_taken_as_it_stands_and_no_model_is_asked(songs: Function, world: World) -> None:
    answer = songs.ask(mood=SAD)
    assert "model.songs" not in world.calls()
    assert answer.meta["sources"]["analysis"] == "request"
    analysis = answer.body["analysis"]
    assert (analysis["energy"], analysis["valence"], analysis["tempo"]) == (0.2, 0.2, None)
    assert quadrants(answer.songs).count("sad") >= 8
    assert all(set(song["vibe_parts"]) == {"energy", "valence"} for song in answer.songs)


@pytest.mark.parametrize("kind", ["jpeg", "heic"])
def test_a_photo_of_a_form_is_looked_at(songs: Function, kind: str) -> None:
    answer = songs.show(photo(orientation=6) if kind == "jpeg" else heic())
    assert len(answer.songs) == 10
    assert answer.meta["sources"]["analysis"] == "model", answer.meta["reasons"]
    assert "photo" in answer.meta["timings"]


def test_what_is_seen_and_what_is_said_both_count(songs: Function) -> None:
    dark = songs.show(photo(NIGHT, NIGHT))
    merry = songs.show(photo(NIGHT, NIGHT), text=PARTY)
    assert merry.body["analysis"]["valence"] > dark.body["analysis"]["valence"] + 0.2


def test_a_photo_that_was_uploaded_is_the_same_photo(songs: Function) -> None:
    file = photo(GREY, NIGHT)
    first = songs.show(file)
    again = songs.ask(key=songs.upload(file))
    assert again.meta["sources"]["analysis"] == "remembered model answer"
    assert again.body["analysis"] == first.body["analysis"]


@pytest.mark.parametrize(
    ("mix", "limit"),
    [({"hindi": 1}, 5), ({"English": 70, "Hindi": 30}, 10), ({"spanish": 2, "english": 1, "hindi": 1}, 11), (None, 7)],
)
def test_the_mix_of_languages_is_honoured(songs: Function, mix: dict[str, float] | None, limit: int) -> None:
    answer = songs.ask(mood=SAD, limit=limit) if mix is None else songs.ask(mood=SAD, limit=limit, languages=mix)
    wanted = quotas({name.title(): share for name, share in (mix or {"English": 1, "Hindi": 1}).items()}, limit)
    assert sum(languages(answer).values()) == limit
    assert all(abs(languages(answer)[name] - count) <= 1 for name, count in wanted.items())
    assert all(meant(song).artist.language == song["language"] for song in answer.songs)


def test_a_form_names_languages_and_ids_as_json(songs: Function) -> None:
    first = songs.show(photo(), languages='{"Hindi": 1}', limit=4)
    second = songs.show(photo(), languages='{"Hindi": 1}', limit=4, exclude_ids=f'["{first.ids[0]}"]', explicit="false")
    assert set(languages(first)) == {"Hindi"}
    assert len(second.songs) == 4
    assert first.ids[0] not in second.ids


def test_a_language_that_nobody_sings_in_is_told(songs: Function) -> None:
    answer = songs.ask(mood=SAD, languages={"English": 1, "Klingon": 1})
    assert languages(answer) == {"English": 10}
    assert any("5 songs fewer in Klingon" in warning for warning in answer.meta["warnings"])


def test_options_choose_among_the_same_songs_without_asking_anybody(songs: Function, world: World) -> None:
    first = songs.settled(mood=EXCITED)
    before = world.calls()
    without = songs.ask(mood=EXCITED, exclude_ids=first.ids[:3])
    assert not set(first.ids[:3]) & set(without.ids)
    assert len(without.songs) == 10
    single = songs.ask(mood=EXCITED, max_per_artist=1)
    assert max(Counter(song["artist"] for song in single.songs).values()) == 1
    assert max(Counter(song["artist"] for song in first.songs).values()) <= 2
    assert languages(songs.ask(mood=EXCITED, limit=4)) == {"English": 2, "Hindi": 2}
    assert world.calls() == before


def test_explicit_songs_come_only_where_they_may(songs: Function) -> None:
    tense = {"energy": 0.8, "valence": 0.2}
    assert any(song["explicit"] for song in songs.ask(mood=tense, limit=20).songs)
    clean = songs.ask(mood=tense, limit=20, explicit=False).songs
    assert clean
    assert not any(meant(song).explicit for song in clean)


def test_songs_are_heard_from_their_previews(songs: Function, world: World) -> None:
    two = "|".join(artist.name for artist in music.nearest("English", 0.2, 0.2)[:2])
    songs.restart(POPULAR_ARTISTS=f"English={two}", HEARING_WAIT_SECONDS="30", ROUTE_BUDGET_SECONDS="60")
    songs.listens()
    answer = songs.ask(mood=SAD, languages={"English": 1}, limit=4, seconds=70.0)
    assert world.calls()["previews.get"] == len(songs.ears.asked) > 4
    assert {song["features"]["source"] for song in answer.songs} == {"preview"}
    for song in answer.songs:
        tempo, real = song["features"]["tempo"], meant(song).character.tempo
        assert min(abs(tempo * factor / real - 1) for factor in (0.5, 1, 2)) < 0.04
    assert quadrants(answer.songs).count("sad") >= 3


def test_a_song_is_heard_while_both_functions_share_a_table(songs: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("songs.hearing.registry", registry)
    songs.restart(HEARING_WAIT_SECONDS="2")
    answer = songs.ask(mood=SAD, limit=3)
    assert any(song["features"] for song in answer.songs)


def test_the_same_mood_again_asks_nobody_once_its_songs_are_heard(songs: Function, world: World) -> None:
    first = songs.settled(mood=EXCITED)
    before = world.calls()
    songs.ears.forget()
    near = songs.ask(mood={"energy": 0.82, "valence": 0.79})
    assert near.meta["sources"]["ranking"] == "memory"
    songs.restart()
    other_process = songs.ask(mood=EXCITED)
    assert other_process.meta["sources"]["ranking"] == "shared"
    assert other_process.ids == first.ids
    assert other_process.meta["upstream_calls"] == near.meta["upstream_calls"] == {}
    assert (world.calls(), songs.ears.songs) == (before, [])
    assert len({first.session, near.session, other_process.session}) == 3


def test_what_is_not_heard_in_time_is_ranked_without_warmed_and_not_remembered(songs: Function) -> None:
    songs.restart(HEARING_WAIT_SECONDS="0.01")
    songs.ears.seconds = 0.5
    first = songs.ask(mood=EXCITED)
    assert len(first.songs) == 10
    assert all(song["features"] is None for song in first.songs)
    assert all("Nothing is known yet" in song["why"] for song in first.songs)
    assert any("10 of 10 songs are ranked without their sound; they are" in each for each in first.meta["warnings"])
    assert len(songs.ears.asked) == 24, "side by side"
    assert max(len(event["songs"]) for event in songs.ears.sent) == 8, "in batches, where nobody waits"
    assert len(set(songs.ears.songs)) == len(songs.ears.songs) > 48, "all of them"
    songs.ears.finish()
    songs.ears.forget()
    second = songs.ask(mood=EXCITED)
    assert second.meta["sources"]["ranking"] == "computed"
    assert sum(song["features"] is not None for song in second.songs) >= 8


def test_nothing_slow_to_hear_holds_the_answer(songs: Function) -> None:
    songs.restart(HEARING_WAIT_SECONDS="0.2")
    songs.ears.seconds = 1.0
    assert len(songs.ask(mood=EXCITED).songs) == 10
    assert songs.ears.under_way
    assert not any(task.done() for task in songs.ears.under_way)


def test_songs_are_asked_for_and_heard_while_the_model_still_writes(songs: Function, world: World) -> None:
    slow = {"latency_ms": 400}
    world.behave(model_songs={"first_token_ms": 0, "last_token_ms": 3000}, deezer_search=slow, deezer_top=slow)
    songs.restart(HEARING_WAIT_SECONDS="0.01")
    answer = songs.ask(PARTY)
    # Sixteen calls, six at a time, take three times as long as one.
    assert answer.meta["timings"]["top"] < slow["latency_ms"]
    assert sum(song["features"] is not None for song in answer.songs) >= 5
    assert world.calls()["deezer.search"] == 16


def test_nobody_is_asked_ahead_for_a_mood_that_is_ranked(songs: Function, world: World) -> None:
    songs.settled(text=PARTY)
    before = world.calls()
    again = songs.ask(f"{PARTY}!")
    assert again.meta["sources"]["ranking"] == "memory"
    assert {name for name, number in world.calls().items() if number > before.get(name, 0)} == {"model.songs"}


def test_artists_are_learnt(songs: Function) -> None:
    """Of the songs that the second mood finds more fit than of those that it found when nothing was learnt."""
    tense = {"energy": 0.8, "valence": 0.2}
    before = songs.ask(mood=tense, limit=20)
    for mood in MOODS[:3]:
        songs.ask(mood=mood)
    after = songs.ask(mood=tense | {"danceability": 0.8}, limit=20)
    assert after.upstream_calls < before.upstream_calls
    assert quadrants(after.songs).count("tense") > quadrants(before.songs).count("tense")


def test_most_requests_make_few_calls(songs: Function) -> None:
    cold = [songs.ask(mood=mood).upstream_calls for mood in MOODS]
    warm = [songs.ask(mood=mood).upstream_calls for mood in MOODS]
    assert cold[0] < 30, "nothing is remembered at all"
    assert statistics.median(cold) < 30
    assert statistics.median(warm) < 5


def test_songs_are_of_the_quadrant_asked_for_once_they_are_heard(songs: Function) -> None:
    songs.invoke({"warm": "popular"})
    shares = {}
    for mood, quadrant in zip(MOODS, QUADRANTS, strict=False):
        shares[quadrant] = quadrants(songs.ask(mood=mood).songs).count(quadrant) / 10
    assert min(shares.values()) >= 0.8, shares


def test_artists_further_down_get_their_turn_where_the_first_are_known_not_to_fit(songs: Function) -> None:
    names = [artist.name for artist in music.nearest("English", *EXCITED.values())]
    songs.restart(POPULAR_ARTISTS=f"English={'|'.join([*names[-20:], *names[:5]])}")
    for share in range(1, 6):  # each another ranking
        answer = songs.ask(mood=EXCITED, languages={"English": 10, "Hindi": share})
    assert quadrants(answer.songs).count("excited") >= 5


def test_a_schedule_has_popular_artists_heard(songs: Function) -> None:
    assert songs.invoke({"warm": "popular"})["heard"] > 0
    songs.ears.forget()
    first = songs.ask(mood=SAD)
    assert all(song["features"] for song in first.songs)


def test_a_schedule_ends_in_time_whatever_is_left_to_hear(songs: Function) -> None:
    songs.restart(ROUTE_BUDGET_SECONDS="4")
    songs.ears.seconds = 5.0
    assert songs.invoke({"warm": "popular"})["heard"] == 0
