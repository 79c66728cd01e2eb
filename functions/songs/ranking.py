"""From a mood and artists to songs ranked by sound: two rounds at the catalogues, and what is heard meanwhile.

Read `Ranker._rank` from top to bottom.
"""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import Any, Final

from fanfare import aio, telemetry
from fanfare.aio import Failure
from fanfare.cache import Store, registry
from fanfare.cache.cached import Entry, revalidating
from fanfare.errors import UpstreamError
from fanfare.upstreams.catalogue import Catalogue, Song, name_key, whose
from songs import artists, vibe
from songs.ahead import ARTISTS, SONGS, Ahead
from songs.choosing import Scored, enough, quotas
from songs.hearing import Hearing, Listening
from songs.mood import Mood, rounded
from songs.pool import ENOUGH_KNOWN, Pool, order
from songs.sessions import Plain, from_plain, plain

FIRST: Final = 10
"""Artists that are asked for at first; the others if these have too few songs that are known to fit."""
NEW_SONGS: Final = 4
RECENT: Final = 1
"""Artists whose latest songs are looked at: each takes a catalogue two calls or three, and its songs are heard by the
next time only.
"""
BONUS_SECONDS: Final = 1.5
"""For which is waited for songs beside those that are there: the latest, and those of a second catalogue."""
TEMPOS: Final = 6
"""Songs without a preview whose tempo is asked for."""
KEPT: Final = 120
"""Songs of a ranking that are remembered."""
LIMIT: Final = 10
"""Songs of an answer, as most ask for."""
IN_HAND: Final = 2.0
"""Seconds before its end in which a warm-up sums up what it has heard."""

type Candidates = Mapping[str, tuple[Sequence[str], Sequence[str]]]
"""Artists by language: those that were named for the mood, the best first, and popular ones in any order."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Songs, the best first, where they are from, how many seconds ago they were ranked, the artists whose songs could
    not be had, and whether others are being heard for the next time.
    """

    songs: list[Scored]
    source: str
    age: float
    failed: list[str]
    warnings: list[str]
    later: bool


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
        # What is remembered was scored for a mood that is nearly the same.
        songs = [replace(each, vibe=vibe.score(each.features, mood)) for each in map(from_plain, found["songs"])]
        later = bool(found["later"]) and entry.source == "computed"
        return Ranked(sorted(songs, key=order), entry.source, entry.age, found["failed"], found["warnings"], later)

    async def warm(self, candidates: Mapping[str, Sequence[str]]) -> int:
        """Ask for artists' songs and have those heard that never were; return how many songs are known."""
        pool = Pool(Mood())
        token = revalidating.set(True)  # whose songs are remembered past their time have previews past theirs
        try:
            await self._top([(name, language) for language, names in candidates.items() for name in names], pool)
        finally:
            revalidating.reset(token)
        pool.heard(await self._hearing.recall(pool.songs))
        listening = self._hearing.listening(most=math.inf)
        listening.add(pool.unknown)
        await listening.wait(aio.deadline().remaining() - IN_HAND)
        pool.heard(listening.heard)
        await listening.leave()
        self._learn(pool, {})
        return len(pool.features)

    async def _plain_ranking(self, mood: Mood, mix: Mapping[str, float], candidates: Candidates, ahead: Ahead) -> Plain:
        pool = await self._rank(mood, mix, candidates, ahead)
        if not pool.songs:
            raise pool.errors[0] if pool.errors else UpstreamError("catalogues", "no songs of these artists")
        songs = pool.scored()[:KEPT]
        known = sum(each.vibe.known > 0.5 for each in songs) >= ENOUGH_KNOWN * len(songs)
        settled = known or not mood.audible or enough(songs, LIMIT, mix)
        return {
            "songs": [plain(each) for each in songs],
            "later": len(ahead.listening.later),
            "failed": pool.failed,
            "warnings": pool.warnings,
            "whole": settled and not pool.failed and not pool.warnings,
        }

    async def _rank(self, mood: Mood, mix: Mapping[str, float], candidates: Candidates, ahead: Ahead) -> Pool:
        pool, listening = Pool(mood), ahead.listening
        learnt = await self._learnt_of(candidates)
        chosen = self._choose(mood, mix, candidates, learnt)
        with telemetry.stage("top"):
            for wave in self._waves(chosen, learnt):
                if mood.audible:
                    ahead.begin(name for name, _ in wave if name_key(name) not in learnt)
                await self._top(wave, pool)
                pool.heard(await self._hearing.recall(pool.songs))
                if enough(pool.scored(), LIMIT, mix):
                    break
        if mood.audible:
            listening.add(pool.unknown)
            await self._listen_on(pool, mix, listening)
        pool.heard(listening.heard)
        await listening.leave()
        if listening.failed:
            pool.warnings.append(f"{len(listening.failed)} songs could not be heard")
        self._learn(pool, learnt)
        return pool

    async def _listen_on(self, pool: Pool, mix: Mapping[str, float], listening: Listening) -> None:
        """Wait a little for what is being heard, and look further, unless enough songs are known to fit."""
        if enough(pool.scored(), LIMIT, mix):
            return
        if pool.mostly_known and pool.fitting < LIMIT:  # else what is there already is heard first
            with telemetry.stage("recent"):
                await self._recent(pool)
                pool.heard(await self._hearing.recall(pool.songs))
            listening.add(pool.unknown)
        with telemetry.stage("hearing"), aio.within(aio.Deadline.after(min(self._wait, _half()))) as limit:
            await asyncio.gather(listening.wait(limit.remaining()), self._tempos(pool))

    async def _tempos(self, pool: Pool) -> None:
        """Ask for the tempo of songs that nobody can hear, where a catalogue may know it."""
        silent = [song for song in pool.songs if not song.preview_url and not song.bpm] if pool.mood.tempo else []
        wanted = [song for song in silent if whose(song, self._catalogues).abilities.bpm][:TEMPOS]
        found = await aio.fan_out(wanted, self._details, limit=TEMPOS, timeout=float("inf"))
        pool.detailed([song for song in found if not isinstance(song, Failure)])

    async def _details(self, song: Song) -> Song:
        return await whose(song, self._catalogues).details(song)

    async def _learnt_of(self, candidates: Candidates) -> dict[str, artists.Learnt]:
        """What is remembered of artists, by `name_key`."""
        keys = list(dict.fromkeys(map(name_key, _names(candidates))))
        entries = await self._learnt.recall([(key,) for key in keys])
        return {key: entry.value for key, entry in zip(keys, entries, strict=True) if entry is not None}

    def _choose(
        self, mood: Mood, mix: Mapping[str, float], candidates: Candidates, learnt: Mapping[str, artists.Learnt]
    ) -> list[tuple[str, str]]:
        """The artists to ask for with their languages, the most promising first, languages by turns."""
        picked = artists.pick(candidates, learnt, mood, quotas(mix, ARTISTS))
        turns = zip_longest(*([(name, language) for name in found] for language, found in picked.items()))
        return [each for turn in turns for each in turn if each is not None]

    def _waves(
        self, chosen: list[tuple[str, str]], learnt: Mapping[str, artists.Learnt]
    ) -> Iterable[list[tuple[str, str]]]:
        """All at once, unless so much is known of the first artists that they may be enough."""
        first = max(FIRST, self._catalogues[0].abilities.artists_at_once)
        if sum(name_key(name) in learnt for name, _ in chosen[:first]) < len(chosen[:first]) / 2:
            first = len(chosen)
        return filter(None, (chosen[:first], chosen[first:]))

    async def _top(self, wanted: Sequence[tuple[str, str]], pool: Pool) -> None:
        """Best known songs of artists; of those that a catalogue fails to bring, or does not know, the next one's."""
        left, failed = list(wanted), set[str]()
        for catalogue in self._catalogues:
            with self._share(catalogue, bonus=len(left) < len(wanted)):
                found = await catalogue.top([name for name, _ in left], SONGS)
            pool.add(left, found)
            if catalogue is self._catalogues[0]:  # whom that does not know need not be known to the others
                failed |= {name for (name, _), songs in zip(left, found, strict=True) if isinstance(songs, Failure)}
            left = [each for each, songs in zip(left, found, strict=True) if isinstance(songs, Failure) or not songs]
            if not left:
                return
        pool.failed += [name for name, _ in left if name in failed]

    def _share(self, catalogue: Catalogue, *, bonus: bool) -> AbstractContextManager[object]:
        """Half of the time that is left, so that there is some for the next catalogue; all of it for the last.

        Once others' songs are there, it is a bonus.
        """
        if bonus:
            return aio.within(aio.Deadline.after(BONUS_SECONDS))
        if catalogue is self._catalogues[-1]:
            return nullcontext()
        return aio.within(aio.Deadline.after(_half()))

    async def _recent(self, pool: Pool) -> None:
        """Latest songs of the artists that fit best so far."""
        catalogue = next((each for each in self._catalogues if each.abilities.recent), None)
        if catalogue is None:
            return
        best = pool.best_artists(RECENT)
        with aio.within(aio.Deadline.after(BONUS_SECONDS)):
            found = await catalogue.recent([name for name, _ in best], NEW_SONGS)
        pool.add(best, [[] if isinstance(each, Failure) else each for each in found])
        if failed := sum(isinstance(each, Failure) for each in found):
            pool.warnings.append(f"no new songs could be had of {failed} artists")

    def _learn(self, pool: Pool, before: Mapping[str, artists.Learnt]) -> None:
        """Remember what artists sound like in sum, unless more songs of them told that before."""
        for name, heard in pool.by_artist().items():
            key, learnt = name_key(name), artists.learnt_from(heard)
            if artists.tracks(learnt) >= artists.tracks(before.get(key, {})):
                self._learnt.put((key,), learnt)

    async def _nothing(self, _: str) -> artists.Learnt:
        return {}


def _half() -> float:
    """Of the seconds that are left."""
    return aio.deadline().remaining() / 2


def _names(candidates: Candidates) -> list[str]:
    return [name for named, popular in candidates.values() for name in (*named, *popular)]


def _key(mood: Mood, mix: Mapping[str, float], *_: Any) -> tuple[Any, ...]:
    total = sum(mix.values())
    return asdict(rounded(mood)), {language: round(share / total, 2) for language, share in mix.items()}
