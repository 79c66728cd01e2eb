"""Feedback: which way it moves a session, and how far at most."""

from itertools import permutations
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfare.upstreams.catalogue import Song
from songs import vibe
from songs.choosing import Scored
from songs.contract import Signal
from songs.feedback import ARTIST, FARTHEST, TEMPO_RANGE, WEIGHTS, Event, rerank, taste
from songs.mood import FASTEST, FIGURES, SLOWEST, Features, Mood

SHARE = st.none() | st.floats(0, 1)
TEMPO = st.none() | st.floats(SLOWEST, FASTEST)
MOODS = st.builds(Mood, SHARE, SHARE, SHARE, SHARE, TEMPO, SHARE)
FEATURES = st.builds(Features, SHARE, SHARE, SHARE, SHARE, TEMPO, SHARE)
ASKED = Mood(energy=0.5, valence=0.5, tempo=110)


def offered(number: int, features: Features = Features(), artist: str = "", mood: Mood = ASKED) -> Scored:  # noqa: B008
    artist = artist or f"Artist {number}"
    song = Song(f"world:{number}", f"Title {number}", artist, f"world:{artist}", "Album")
    return Scored(song, "English", vibe.score(features, mood), features)


WILD = Features(energy=0.9, valence=0.6, tempo=150)
MILD = Features(energy=0.2, valence=0.5, tempo=80)
MIDDLE = Features(energy=0.5, valence=0.5, tempo=110)

EVENTS = st.lists(
    st.builds(
        Event,
        st.builds(
            lambda number, features: offered(number, features, f"Artist {number % 3}"), st.integers(0, 5), FEATURES
        ),
        st.sampled_from([*WEIGHTS, "unheard of"]),
        st.none() | st.floats(-3, 3),
    ),
    max_size=12,
)


def ids(scored: list[Scored]) -> list[str]:
    return [each.song.id.removeprefix("world:") for each in scored]


def test_the_mood_moves_towards_what_is_liked_and_away_from_what_is_not() -> None:
    liked, disliked = (taste(ASKED, [Event(offered(1, WILD), kind)]).mood for kind in ("like", "dislike"))
    for name in ("energy", "valence", "tempo"):
        assert getattr(disliked, name) < getattr(ASKED, name) < getattr(liked, name)
        # A like says more than a dislike, of which nobody knows the reason.
        assert getattr(liked, name) - getattr(ASKED, name) > getattr(ASKED, name) - getattr(disliked, name)


def test_whatever_can_be_said_of_a_song_has_a_weight() -> None:
    assert set(WEIGHTS) == {*get_args(Signal.__value__), "like", "dislike"}


def test_weights_are_in_order() -> None:
    moved = {kind: taste(ASKED, [Event(offered(1, WILD), kind)]).mood.energy or 0 for kind in WEIGHTS}
    assert moved["like"] > moved["replay"] > moved["complete"] > moved["open"] > moved["play"] > 0.5
    assert 0.5 > moved["skip"] > moved["dislike"]


def test_likes_bring_up_what_is_like_them() -> None:
    wild, mild = (offered(n, Features(energy=each, valence=0.5, tempo=110)) for n, each in ((1, 0.75), (2, 0.25)))
    assert wild.score == mild.score
    assert ids(rerank([wild, mild], ASKED, [Event(offered(3, WILD), "like")])) == ["1", "2"]
    assert ids(rerank([wild, mild], ASKED, [Event(offered(3, MILD), "like")])) == ["2", "1"]
    assert ids(rerank([wild, mild], ASKED, [Event(offered(3, WILD), "dislike")])) == ["2", "1"]


def test_one_dislike_does_not_turn_everything() -> None:
    ladder = [offered(n, Features(energy=0.5 + n / 20, valence=0.5)) for n in range(9)]
    after = rerank(ladder, ASKED, [Event(offered(20, MIDDLE), "dislike")])
    assert ids(after) == ids(ladder)
    after = rerank(ladder, ASKED, [Event(offered(20, WILD), "dislike")])
    assert all(abs(each.feedback) < 0.05 for each in after)
    assert set(ids(after)[:4]) == set(ids(ladder)[:4])


def test_artists_gain_and_lose() -> None:
    same, other = offered(1, artist="A"), offered(2, artist="B")
    assert ids(rerank([other, same], ASKED, [Event(offered(3, artist="A feat. C"), "like")])) == ["1", "2"]
    assert ids(rerank([same, other], ASKED, [Event(offered(3, artist="A"), "dislike")])) == ["2", "1"]
    skips = [Event(offered(n, artist="A"), "skip") for n in range(3, 40)]
    (after,) = rerank([same], ASKED, skips)
    assert -ARTIST <= after.feedback < -0.9 * ARTIST


def test_what_is_disliked_does_not_come_again_in_any_version() -> None:
    song = offered(1)
    live = Scored(Song("other:7", "Title 1 (Live)", "Artist 1", "other:1", "Live Album"), "English")
    assert ids(rerank([song, offered(2), live], ASKED, [Event(song, "dislike")])) == ["2"]
    assert ids(rerank([song, offered(2)], ASKED, [Event(song, "skip")])) == ["2", "1"]
    assert set(ids(rerank([song, offered(2)], ASKED, [Event(song, "dislike"), Event(song, "like")]))) == {"1", "2"}


def test_doing_it_a_hundred_times_is_doing_it_a_few_times() -> None:
    skips = [Event(offered(1, WILD), "skip")] * 100
    assert taste(ASKED, skips).mood == taste(ASKED, [Event(offered(1, WILD), "dislike")]).mood


def test_a_client_may_weigh_events_itself_within_bounds() -> None:
    song = offered(1, WILD)
    assert taste(ASKED, [Event(song, "hearted", 1.0)]).mood == taste(ASKED, [Event(song, "like")]).mood
    assert taste(ASKED, [Event(song, "hearted", 50.0)]).mood == taste(ASKED, [Event(song, "like")]).mood
    assert taste(ASKED, [Event(song, "hearted")]).mood == ASKED


def test_what_was_asked_for_is_still_what_the_vibe_says() -> None:
    before = offered(1, WILD)
    (after,) = rerank([before], ASKED, [Event(offered(2, WILD), "like")])
    assert after.vibe == before.vibe
    assert after.feedback > 0
    assert after.score == pytest.approx(after.vibe.score + after.feedback)


def test_feedback_is_taken_anew_each_time() -> None:
    events = [Event(offered(2, WILD), "like")]
    once = rerank([offered(1, WILD)], ASKED, events)
    assert rerank(once, ASKED, events) == once
    assert rerank(once, ASKED, []) == [offered(1, WILD)]


@settings(deadline=None, max_examples=60)
@given(MOODS, EVENTS)
def test_it_is_bounded(mood: Mood, events: list[Event]) -> None:
    found = taste(mood, events)
    for name in FIGURES:
        asked, moved = getattr(mood, name), getattr(found.mood, name)
        assert (asked is None) == (moved is None)
        if asked is not None:
            assert abs(moved - asked) <= FARTHEST * (TEMPO_RANGE if name == "tempo" else 1) + 1e-9
    assert all(abs(gain) <= ARTIST for gain in found.artists.values())


@settings(deadline=None, max_examples=60)
@given(MOODS, EVENTS, st.lists(FEATURES, max_size=5))
def test_no_song_gains_or_loses_more_than_the_bounds(mood: Mood, events: list[Event], others: list[Features]) -> None:
    songs = [offered(10 + at, features, mood=mood) for at, features in enumerate(others)]
    after = rerank(songs, mood, events)
    assert len(after) == len(songs)
    assert all(abs(each.feedback) <= ARTIST + FARTHEST * 2 + 1e-9 for each in after)
    assert [each.vibe.score + each.feedback for each in after] == sorted(
        (each.vibe.score + each.feedback for each in after), reverse=True
    )


def test_the_order_of_events_does_not_matter() -> None:
    events = [Event(offered(1, WILD), "like"), Event(offered(2, MILD), "skip"), Event(offered(1, WILD), "replay")]
    results = [rerank([offered(4, WILD), offered(5, MILD)], ASKED, order) for order in permutations(events)]
    assert all(ids(each) == ids(results[0]) for each in results)
    assert all(each[0].feedback == pytest.approx(results[0][0].feedback) for each in results)
