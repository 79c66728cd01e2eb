"""From a mood and artists to songs ranked by sound: two rounds at the catalogues, and what is heard meanwhile.

Read `Ranker._rank` from top to bottom.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, Final

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.cache import Store, registry
from fanfare.cache.cached import Entry
from fanfare.errors import UpstreamError
from fanfare.upstreams.catalogue import Catalogue, Song
from songs import artists, vibe
from songs.ahead import ARTISTS, SONGS, Ahead
from songs.choosing import FITTING, Scored, enough, quotas
from songs.hearing import Hearing, told
from songs.mood import Features, Mood, rounded
from songs.sessions import Plain, plain, read

FIRST: Final = 10
"""Artists that are asked for at first; the others if these have too few songs that are known to fit."""
NEW_SONGS: Final = 4
RECENT: Final = 4
"""Artists whose latest songs are looked at: each takes a catalogue two calls."""
RECENT_SECONDS: Final = 1.5
"""For which these are waited for: they are a bonus."""
KEPT: Final = 120
"""Songs of a ranking that are remembered."""
ENOUGH_KNOWN: Final = 0.7
"""Share of a ranking's songs that must be heard for it to be remembered: else it would keep better ones away."""
LIMIT: Final = 10
"""Songs of an answer, as most ask for."""
IN_HAND: Final = 2.0
"""Seconds before its end in which a warm-up sums up what it has heard."""

type Candidates = Mapping[str, tuple[Sequence[str], Sequence[str]]]
"""Artists by language: those that were named for the mood, the best first, and popular ones in any order."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Songs, the best first, and where they are from; `unheard` are those that were not heard in time."""

    songs: list[Scored]
    source: str
    unheard: int
    failed: list[str]
    warnings: list[str]


class Ranker:
    def __init__(self, catalogues: Sequence[Catalogue], hearing: Hearing, store: Store, wait: float) -> None:
        self._catalogues = catalogues
        self._hearing = hearing
        self._wait = wait
        self._rankings = store.bind(
            registry.RANKINGS, self._plain_ranking, key=_key, keep=lambda ranking: bool(ranking["whole"])
        )
        self._learnt = store.bind(registry.ARTIST_MOODS, self._nothing)

    def ahead(self, mix: Mapping[str, float], popular: Candidates) -> Ahead:
        """Return what asks for songs early in one request: of artists that a model names, as long as little is known of
        popular ones and the mood has no ranking yet.
        """

        async def pays(mood: Mood) -> bool:
            (ranked,), learnt = await asyncio.gather(self._rankings.recall([(mood, mix)]), self._learnt_of(popular))
            return ranked is None and 2 * len(learnt) <= len(_names(popular))

        return Ahead(self._catalogues[0], self._hearing, quotas(mix, ARTISTS), pays)

    async def rank(self, mood: Mood, mix: Mapping[str, float], candidates: Candidates, ahead: Ahead) -> Ranked:
        """Return songs for a mood, remembered by the mood rounded; some of them may be asked for `ahead` of it.

        Raises `UpstreamError` where no catalogue has any.
        """
        entry: Entry[Plain] = await self._rankings.get(mood, mix, candidates, ahead)
        found = entry.value
        songs = [read(each) for each in found["songs"]]
        return Ranked(songs, entry.source, found["unheard"], found["failed"], found["warnings"])

    async def warm(self, candidates: Mapping[str, Sequence[str]]) -> int:
        """Ask for artists' songs and have those heard that never were; return how many songs are known."""
        pool = _Pool(Mood())
        await self._top([(name, language) for language, names in candidates.items() for name in names], pool)
        pool.heard(await self._hearing.recall(pool.songs))
        listening = self._hearing.listening(most=None)
        listening.add(pool.unknown)
        await listening.wait(aio.deadline().remaining() - IN_HAND)
        pool.heard(listening.heard)
        await listening.leave()
        self._learn(pool)
        return len(pool.features)

    async def _plain_ranking(self, mood: Mood, mix: Mapping[str, float], candidates: Candidates, ahead: Ahead) -> Plain:
        pool, unheard = await self._rank(mood, mix, candidates, ahead)
        if not pool.songs:
            raise pool.errors[0] if pool.errors else UpstreamError("catalogues", "no songs of these artists")
        songs = pool.scored()[:KEPT]
        known = sum(each.vibe.known > 0.5 for each in songs)
        return {
            "songs": [plain(each) for each in songs],
            "unheard": unheard,
            "failed": pool.failed,
            "warnings": pool.warnings,
            "whole": not pool.failed
            and not pool.warnings
            and (known >= ENOUGH_KNOWN * len(songs) or enough(songs, LIMIT, mix)),
        }

    async def _rank(
        self, mood: Mood, mix: Mapping[str, float], candidates: Candidates, ahead: Ahead
    ) -> tuple["_Pool", int]:
        pool, listening = _Pool(mood), ahead.listening
        learnt = await self._learnt_of(candidates)
        chosen = self._choose(mood, mix, candidates, learnt)
        with telemetry.stage("top"):
            for wave in self._waves(chosen, learnt):
                ahead.begin(name for name, _ in wave if name not in learnt)
                await self._top(wave, pool)
                pool.heard(await self._hearing.recall(pool.songs))
                if enough(pool.scored(), LIMIT, mix):
                    break
        listening.add(pool.unknown)
        if pool.mostly_known and pool.fitting < LIMIT:  # else what is there already is heard first
            with telemetry.stage("recent"):
                await self._recent(pool)
                pool.heard(await self._hearing.recall(pool.songs))
            listening.add(pool.unknown)
        with telemetry.stage("hearing"):
            await listening.wait(0 if enough(pool.scored(), LIMIT, mix) else self._wait)
            pool.heard(listening.heard)
            unheard = await listening.leave()
        if listening.failed:
            pool.warnings.append(f"{len(listening.failed)} songs could not be heard")
        self._learn(pool)
        return pool, unheard

    async def _learnt_of(self, candidates: Candidates) -> dict[str, artists.Learnt]:
        """What is remembered of artists, by name."""
        names = _names(candidates)
        entries = await self._learnt.recall([(name,) for name in names])
        return {name: entry.value for name, entry in zip(names, entries, strict=True) if entry is not None}

    def _choose(
        self, mood: Mood, mix: Mapping[str, float], candidates: Candidates, learnt: Mapping[str, artists.Learnt]
    ) -> list[tuple[str, str]]:
        """The artists to ask for with their languages, the most promising first, languages by turns."""
        picked = artists.pick(candidates, learnt, mood, quotas(mix, ARTISTS), seed=str(asdict(rounded(mood))))
        turns = zip_longest(*([(name, language) for name in found] for language, found in picked.items()))
        return [each for turn in turns for each in turn if each is not None]

    def _waves(
        self, chosen: list[tuple[str, str]], learnt: Mapping[str, artists.Learnt]
    ) -> Iterable[list[tuple[str, str]]]:
        """All at once, unless so much is known of the first artists that they may be enough."""
        first = max(FIRST, self._catalogues[0].abilities.artists_at_once)
        if sum(name in learnt for name, _ in chosen[:first]) < len(chosen[:first]) / 2:
            first = len(chosen)
        return filter(None, (chosen[:first], chosen[first:]))

    async def _top(self, wanted: Sequence[tuple[str, str]], pool: "_Pool") -> None:
        """Best known songs of artists; of those that a catalogue fails to bring, the next one's."""
        left, failed = list(wanted), set[str]()
        for catalogue in self._catalogues:
            with self._share(catalogue):
                found = await catalogue.top([name for name, _ in left], SONGS)
            pool.add(left, found)
            failed |= {name for (name, _), songs in zip(left, found, strict=True) if isinstance(songs, Failure)}
            left = [each for each, songs in zip(left, found, strict=True) if isinstance(songs, Failure) or not songs]
            if not left:
                return
        pool.failed += [name for name, _ in left if name in failed]

    def _share(self, catalogue: Catalogue) -> AbstractContextManager[object]:
        """Half of the time that is left, so that there is some for the next catalogue; all of it for the last."""
        if catalogue is self._catalogues[-1]:
            return nullcontext()
        return aio.within(aio.deadline().less(aio.deadline().remaining() / 2))

    async def _recent(self, pool: "_Pool") -> None:
        """Latest songs of the artists that fit best so far."""
        catalogue = next((each for each in self._catalogues if each.abilities.recent), None)
        if catalogue is None:
            return
        best = pool.best_artists(RECENT)
        with aio.within(aio.Deadline.after(RECENT_SECONDS)):
            found = await catalogue.recent([name for name, _ in best], NEW_SONGS)
        pool.add(best, [[] if isinstance(each, Failure) else each for each in found])
        if failed := sum(isinstance(each, Failure) for each in found):
            pool.warnings.append(f"no new songs could be had of {failed} artists")

    def _learn(self, pool: "_Pool") -> None:
        """Remember what artists sound like in sum."""
        for name, heard in pool.by_artist().items():
            learnt: artists.Learnt = {}
            for each in heard:
                learnt = artists.learn(learnt, each)
            if heard:
                self._learnt.put((name,), learnt)

    async def _nothing(self, _: str) -> artists.Learnt:
        return {}


class _Pool:
    """Songs found so far, and what is known of their sound."""

    def __init__(self, mood: Mood) -> None:
        self.songs: list[Song] = []
        self.features: dict[str, Features] = {}
        self.failed: list[str] = []
        self.errors: list[Exception] = []
        self.warnings: list[str] = []
        self._mood = mood
        self._asked: dict[str, tuple[str, str]] = {}
        """By a song's id, the artist as it was asked for and the language."""

    def add(self, wanted: Sequence[tuple[str, str]], found: Sequence[list[Song] | Failure]) -> None:
        for asked, songs in zip(wanted, found, strict=True):
            if isinstance(songs, Failure):
                self.errors.append(songs.error)
                continue
            fresh = [song for song in songs if song.id not in self._asked]
            self.songs += fresh
            self._asked |= dict.fromkeys((song.id for song in fresh), asked)

    def heard(self, features: Mapping[str, Features]) -> None:
        self.features |= features

    @property
    def unknown(self) -> list[Song]:
        """Songs that were not heard, by turns of their artists, so that something is known of each soon."""
        waiting: dict[str, list[Song]] = {}
        for song in self.songs:
            if song.id not in self.features:
                waiting.setdefault(self._asked[song.id][0], []).append(song)
        return [song for turn in zip_longest(*waiting.values()) for song in turn if song is not None]

    def scored(self) -> list[Scored]:
        """All songs, the best first."""
        made = [self._scored(song) for song in self.songs]
        return sorted(made, key=lambda each: (-each.score, -(each.song.popularity or 0.0), each.song.id))

    def _scored(self, song: Song) -> Scored:
        features = self.features.get(song.id) or told(song)
        return Scored(song, self._asked[song.id][1], vibe.score(features, self._mood), features)

    @property
    def mostly_known(self) -> bool:
        """Whether most songs were heard."""
        return len(self.features) >= ENOUGH_KNOWN * len(self.songs) > 0

    @property
    def fitting(self) -> int:
        """How many songs are known to fit."""
        return sum(each.score >= FITTING for each in map(self._scored, self.songs))

    def by_artist(self) -> dict[str, list[Features]]:
        """What was heard of each artist."""
        heard: dict[str, list[Features]] = {}
        for song in self.songs:
            if song.id in self.features:
                heard.setdefault(self._asked[song.id][0], []).append(self.features[song.id])
        return heard

    def best_artists(self, count: int) -> list[tuple[str, str]]:
        """Artists whose songs fit best in the mean, with their languages."""
        scores: dict[tuple[str, str], list[float]] = {}
        for song in self.songs:
            scores.setdefault(self._asked[song.id], []).append(self._scored(song).score)
        means = {asked: sum(found) / len(found) for asked, found in scores.items()}
        return sorted(means, key=lambda asked: -means[asked])[:count]


def _names(candidates: Candidates) -> list[str]:
    return [name for named, popular in candidates.values() for name in (*named, *popular)]


def _key(mood: Mood, mix: Mapping[str, float], *_: Any) -> tuple[Any, ...]:
    total = sum(mix.values())
    return asdict(rounded(mood)), {language: round(share / total, 2) for language, share in mix.items()}
