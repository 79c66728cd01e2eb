"""From songs that were chosen to the route's answer, with what it says about itself."""

from dataclasses import asdict
from typing import Any

from fanfare import telemetry
from songs.asking import Reading
from songs.choosing import Chosen, Scored
from songs.contract import Analysis, SongItem
from songs.hearing import HEARD
from songs.mood import Mood
from songs.ranking import Ranked
from songs.vibe import why


def analysis(read: Reading) -> Analysis:
    """What was read of a photo or a text."""
    figures = asdict(read.mood)
    return Analysis(
        mood=read.word,
        themes=list(read.themes),
        description=read.description,
        genres=list(read.genres),
        keywords=list(read.keywords),
        cultural_vibe=read.cultural_vibe,
        **{name: None if value is None else round(value, 3) for name, value in figures.items()},
    )


def item(each: Scored, mood: Mood) -> SongItem:
    """A song with what is known of it, and why it fits a mood."""
    song, known = each.song, bool(each.features.source)
    catalogue = song.id.partition(":")[0]
    features: dict[str, Any] = {
        name: round(value, 3) for name, value in asdict(each.features).items() if isinstance(value, float)
    }
    return SongItem(
        id=song.id,
        isrc=song.isrc or None,
        name=song.title,
        artist=song.artist,
        album=song.album,
        year=song.year,
        preview_url=song.preview_url or None,
        links={catalogue: song.link} if song.link else {},
        cover=song.cover or None,
        duration=song.duration or None,
        language=each.language,
        explicit=song.explicit,
        features=features | {"source": each.features.source} if known else None,
        vibe_score=round(each.score, 3),
        vibe_parts={name: None if part is None else round(part, 3) for name, part in each.vibe.parts.items()},
        why=why(each.vibe, each.features, mood),
    )


def catalogues(chosen: Chosen) -> str:
    """Name the catalogues that songs are from."""
    return ",".join(sorted({each.song.id.partition(":")[0] for each in chosen.songs}))


def say(ranked: Ranked) -> None:
    """Tell what is missing from a ranking."""
    telemetry.figures().warnings.extend(ranked.warnings)
    if ranked.failed:
        telemetry.degrade(f"no songs could be had of {len(ranked.failed)} artists")


def say_unheard(chosen: Chosen, ranked: Ranked) -> None:
    """Tell how many songs of an answer nobody has heard."""
    if unheard := sum(each.features.source != HEARD for each in chosen.songs):
        hope = "; they are being heard for the next time, as far as they can be" if ranked.later else ""
        telemetry.figures().warnings.append(
            f"{unheard} of {len(chosen.songs)} songs are ranked without their sound{hope}"
        )


def say_short(chosen: Chosen) -> None:
    """Tell which languages have fewer songs than asked for."""
    for language, missing in chosen.short.items():
        telemetry.figures().warnings.append(f"{missing} songs fewer in {language} than asked for: no more were found")
