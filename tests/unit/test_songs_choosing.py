"""From scored songs to an answer: the mix, the caps, the duplicates, the order, and when to stop looking."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfare.upstreams.catalogue import Song
from songs.choosing import FITTING, MARGIN, Scored, artist_key, choose, distinct, enough, quotas, same_as, title_key
from songs.vibe import Vibe

HALVES = {"English": 0.5, "Hindi": 0.5}
LANGUAGES = ("English", "Hindi", "Tamil", "Spanish")


def song(number: int, *, artist: str = "", title: str = "", isrc: str = "", explicit: bool = False) -> Song:
    artist = artist or f"Artist {number}"
    title = title or f"Title {number}"
    return Song(f"world:{number}", title, artist, f"world:{artist}", "Album", isrc=isrc, explicit=explicit)


def scored(number: int, score: float = 0.9, language: str = "English", **about: str) -> Scored:
    return Scored(song(number, **about), language, Vibe(score, {}, 1.0))  # type: ignore[arg-type]


ENTRIES = st.tuples(
    st.integers(0, 12),  # artist
    st.integers(0, 40),  # title
    st.sampled_from(["", " (Live)", " - Remastered 2011"]),
    st.sampled_from(["", "", "", "GB1", "GB2"]),
    st.booleans(),
    st.sampled_from(LANGUAGES),
    st.floats(0, 1),
    st.sampled_from([0.0, 0.1, -0.2]),
)


def crowd_of(entries: list[tuple[int, int, str, str, bool, str, float, float]]) -> list[Scored]:
    """Songs of few artists, with few titles and ISRCs, so that much is alike."""
    return [
        Scored(
            song(number, artist=f"Artist {artist}", title=f"Title {title}{version}", isrc=isrc, explicit=explicit),
            language,
            Vibe(score, {}, 1.0),
            feedback=feedback,
        )
        for number, (artist, title, version, isrc, explicit, language, score, feedback) in enumerate(entries)
    ]


CROWDS = st.lists(ENTRIES, max_size=40).map(crowd_of)
QUICK = settings(deadline=None, max_examples=60)
CAPS = st.tuples(st.integers(0, 25), st.integers(1, 4))
"""Songs in all, and of one artist."""
MIXES = st.dictionaries(st.sampled_from(LANGUAGES), st.floats(0.1, 5), max_size=4)


@QUICK
@given(MIXES, st.integers(0, 60))
def test_quotas_fill_all_places_and_are_within_one_of_the_share(mix: Mapping[str, float], limit: int) -> None:
    places = quotas(mix, limit)
    assert sum(places.values()) == (limit if mix else 0)
    for language, count in places.items():
        assert abs(count - limit * mix[language] / sum(mix.values())) < 1


def test_the_largest_remainder_takes_what_is_left() -> None:
    assert quotas({"English": 0.5, "Hindi": 0.3, "Tamil": 0.2}, 9) == {"English": 4, "Hindi": 3, "Tamil": 2}
    assert quotas(HALVES, 5) == {"English": 3, "Hindi": 2}
    assert quotas({"Hindi": 1, "English": 1}, 5) == {"Hindi": 3, "English": 2}


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_shares_must_be_shares(weight: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        quotas({"English": 1, "Hindi": weight}, 4)


@QUICK
@given(CROWDS, MIXES, CAPS, st.booleans(), st.sets(st.integers(0, 40)))
def test_what_always_holds(
    crowd: list[Scored], mix: dict[str, float], caps: tuple[int, int], explicit: bool, out: set[int]
) -> None:
    limit, most = caps
    exclude = {f"world:{number}" for number in out}
    found = choose(crowd, limit=limit, mix=mix, max_per_artist=most, exclude=exclude, explicit=explicit)
    assert len(found.songs) <= limit
    assert all(each in crowd for each in found.songs)
    assert not exclude & {each.song.id for each in found.songs}
    assert explicit or not any(each.song.explicit for each in found.songs)
    assert max(Counter(artist_key(each.song) for each in found.songs).values(), default=0) <= most
    keys = [key for each in found.songs for key in same_as(each.song)]
    assert len(keys) == len(set(keys))
    counts = Counter(each.language for each in found.songs)
    if mix:
        assert set(counts) <= set(mix)
        for language, places in quotas(mix, limit).items():
            # What is missing is said, and only where it is missing may there be more of another.
            assert counts[language] >= places - found.short.get(language, 0)
            assert counts[language] <= places or found.short
    assert all(missing > 0 for missing in found.short.values())


@QUICK
@given(CROWDS, MIXES, st.randoms())
def test_the_order_of_arrival_does_not_matter(crowd: list[Scored], mix: dict[str, float], chance: object) -> None:
    mixed = list(crowd)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert choose(mixed, limit=12, mix=mix) == choose(crowd, limit=12, mix=mix)


@QUICK
@given(MIXES.filter(bool), st.integers(1, 40))
def test_the_mix_is_honoured_within_one_song(mix: dict[str, float], limit: int) -> None:
    crowd = [scored(100 * at + n, 1 - n / 100, name) for at, name in enumerate(LANGUAGES) for n in range(40)]
    found = choose(crowd, limit=limit, mix=mix)
    assert (len(found.songs), found.short) == (limit, {})
    counts = Counter(each.language for each in found.songs)
    for language, weight in mix.items():
        assert abs(counts[language] - limit * weight / sum(mix.values())) < 1


@QUICK
@given(st.floats(0.05, 0.95))
def test_every_page_honours_the_mix(share: float) -> None:
    mix = {"English": share, "Hindi": 1 - share}
    crowd = [scored(100 * at + n, 0.9 - at / 10, name) for at, name in enumerate(mix) for n in range(60)]
    found = choose(crowd, limit=40, mix=mix).songs
    for end in range(1, 41):
        counts = Counter(each.language for each in found[:end])
        assert abs(counts["English"] - share * end) <= 1 + 1e-6


def test_a_language_that_lacks_songs_is_filled_up_and_named() -> None:
    crowd = [*(scored(n, 0.9) for n in range(20)), *(scored(100 + n, 0.7, "Hindi") for n in range(2))]
    found = choose(crowd, limit=10, mix=HALVES)
    assert Counter(each.language for each in found.songs) == {"English": 8, "Hindi": 2}
    assert found.short == {"Hindi": 3}


def test_no_other_language_fills_up() -> None:
    found = choose([scored(1), scored(2, 1.0, "Tamil")], limit=4, mix=HALVES)
    assert [each.song.id for each in found.songs] == ["world:1"]
    assert found.short == {"English": 1, "Hindi": 2}


def test_the_best_come_first_and_an_empty_mix_takes_all() -> None:
    crowd = [scored(n, n / 10, LANGUAGES[n % 2]) for n in range(10)]
    found = choose(crowd, limit=4, mix={})
    assert [each.score for each in found.songs] == [0.9, 0.8, 0.7, 0.6]
    assert choose([], limit=4, mix={}).songs == []


def test_artists_are_spaced() -> None:
    crowd = [scored(1, 0.90, artist="A"), scored(2, 0.89, artist="A"), scored(3, 0.80, artist="B"), scored(4, 0.79)]
    found = choose(crowd, limit=4, mix={})
    assert [each.song.id for each in found.songs] == ["world:1", "world:3", "world:4", "world:2"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_artist_has_more_songs_than_asked(most: int) -> None:
    crowd = [scored(n, 0.9, LANGUAGES[n % 2], artist=["A", "a feat. B"][n % 2]) for n in range(9)]
    assert len(choose(crowd, limit=9, mix=HALVES, max_per_artist=most).songs) == most


def test_others_come_before_an_artists_third_song() -> None:
    crowd = [*(scored(n, 0.9, artist="A") for n in range(3)), *(scored(10 + n, 0.83) for n in range(5))]
    found = choose(crowd, limit=8, mix={}, max_per_artist=3).songs
    assert [at for at, each in enumerate(found) if each.song.artist == "A"] == [0, 3, 7]


def test_but_not_at_any_price() -> None:
    crowd = [scored(1, 0.90, artist="A"), scored(2, 0.89, artist="A"), scored(3, 0.40, artist="B")]
    assert [each.song.id for each in choose(crowd, limit=2, mix={}).songs] == ["world:1", "world:2"]


def test_feedback_counts() -> None:
    crowd = [scored(1, 0.8), replace(scored(2, 0.75), feedback=0.1), replace(scored(3, 0.9), feedback=-0.5)]
    assert [each.song.id for each in choose(crowd, limit=3, mix={}).songs] == ["world:2", "world:1", "world:3"]


@pytest.mark.parametrize(
    "version",
    [
        "Cafe del Mar",
        "CAFÉ DEL MAR",
        "Café del Mar (Live at Wembley)",
        "Café del Mar [Remastered 2011]",
        "Café del Mar - 2011 Remaster",
        "Café del Mar (feat. Somebody)",
        "Café del Mar ft. Somebody",
        "Café del Mar (Radio Edit)",
        'Café del Mar (From "The Film")',
        "Café del Mar (Slowed + Reverb) [Lo-Fi Mix]",
    ],
)
def test_versions_of_a_song_are_one(version: str) -> None:
    assert title_key(version) == title_key("Café del Mar")


@pytest.mark.parametrize(("one", "other"), [("Tum & Main", "Tum and Main"), ("ज़िंदगी।", "जिंदगी")])
def test_spellings_of_a_title_or_a_name_are_one(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)
    assert artist_key(song(1, artist=f"{one} feat. B")) == artist_key(song(2, artist=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Live and Let Die", "Let Die"),
        ("(Everything I Do) I Do It for You", "I Do It for You"),
        ("Song 2", "Song 3"),
        ("कल हो ना हो", "कल हे ना हे"),
        ("Mixtape", ""),
        ("!!!", "???"),
        ("!!! (Live)", "??? (Live)"),
        ("かき", "がき"),
        ("(Live)", "(Demo)"),
        ("Alive", "Alive - Part Two"),
    ],
)
def test_other_songs_are_not(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


def test_the_best_of_duplicates_stays() -> None:
    same_recording = [scored(1, 0.5, isrc="GB-AAA-11-00001"), scored(2, 0.9, isrc="gbaaa1100001")]
    assert [each.song.id for each in distinct(same_recording)] == ["world:2"]
    same_song = [scored(1, 0.9, artist="A", title="T"), scored(2, 0.95, artist="A feat. B", title="T (Live)")]
    assert [each.song.id for each in distinct(same_song)] == ["world:2"]
    covers = [scored(1, artist="A", title="T"), scored(2, artist="B", title="T")]
    assert len(distinct(covers)) == 2
    known = replace(song(3, artist="A", title="T"), popularity=0.9)
    assert distinct([same_song[0], replace(same_song[0], song=known)])[0].song is known


def test_enough_is_enough_for_each_language() -> None:
    fitting = [scored(n, FITTING, "English" if n % 2 else "Hindi") for n in range(int(10 * MARGIN) + 1)]
    assert enough(fitting, 10, HALVES)
    assert not enough(fitting[:-3], 10, HALVES)
    assert not enough(fitting, 10, {"English": 1})
    assert enough(fitting, 10, {})
    assert not enough([replace(each, vibe=Vibe(FITTING - 0.01, {}, 1.0)) for each in fitting], 10, HALVES)
    assert not enough([Scored(each.song, each.language) for each in fitting], 10, HALVES)
    assert not enough([scored(n, artist="One") for n in range(40)], 10, {"English": 1})
    assert not enough([scored(n, isrc="GB1") for n in range(40)], 10, {"English": 1})


@QUICK
@given(CROWDS, CROWDS, st.integers(1, 10), MIXES)
def test_more_songs_of_other_artists_never_make_it_less(
    crowd: list[Scored], others: list[Scored], limit: int, mix: dict[str, float]
) -> None:
    apart = [
        replace(each, song=replace(each.song, id=f"b{at}", artist=f"Other {at}", isrc=f"B{at}"))
        for at, each in enumerate(others)
    ]
    assert enough([*crowd, *apart], limit, mix) >= enough(crowd, limit, mix)
