"""Every cache of the bundle on one page: what is remembered, and for how long.

`version` is part of the key: raise it when the shape or the meaning of the value changes.
"""

from typing import Final

from fanfare.cache.policy import Policy, days, hours, minutes, seconds

ANSWERS: Final = Policy("answers", version=1, ttl=minutes(10), stale=hours(2), lease=seconds(4))
"""Whole recommendations, by the normalised request, the photo and the model. Degraded ones are never kept."""

INTENTS: Final = Policy("intents", version=1, ttl=days(1))
"""A model's reading of a prompt, by the normalised prompt, the photo, the model and its effort."""

DISCOVER: Final = Policy("discover", version=1, ttl=hours(1), stale=days(1))
"""TMDb discover pages, by all their parameters."""

PROVIDERS: Final = Policy("providers", version=1, ttl=hours(1), stale=days(1), negative=minutes(5))
"""A film's details and where to watch it, by film and region."""

TITLES: Final = Policy("titles", version=1, ttl=days(7), stale=days(30), negative=hours(6))
"""The film that a title and a year mean, by both and the language."""

SERVICES: Final = Policy("services", version=1, ttl=days(1), stale=days(30))
"""The streaming services of a region, by region."""

KEYWORDS: Final = Policy("keywords", version=1, ttl=days(30), stale=days(60), negative=days(1))
"""TMDb's id of a keyword, by its name."""

VARIANTS: Final = Policy("variants", version=1, ttl=days(7), stale=days(30), negative=minutes(5), lease=seconds(10))
"""Where a variant of a picture lies and what it is, by preset, source and format; the picture is in the bucket."""

DERIVATIVES: Final = Policy("derivatives", version=1, ttl=minutes(1), lease=seconds(10))
"""The record of an uploaded picture, by its content. It lies beside what it tells of; what counts here is the lease."""

SPEECH: Final = Policy("speech", version=1, ttl=hours(2), stale=days(30))
"""What was spoken and where it lies, by everything that changes the sound; the audio is in the bucket."""

WORDS: Final = Policy("words", version=1, ttl=hours(1))
"""A model's explanation of a word, by the word, its sentence, both languages, the model and its effort."""

ANALYSES: Final = Policy("analyses", version=1, ttl=minutes(1), lease=seconds(180))
"""What came of analysing a content, by its name. The record is in the bucket; what counts here is the lease, which is
as long as the function may run: whoever waits for it began later.
"""

ARTIST_IDS: Final = Policy("artist_ids", version=1, ttl=days(30), stale=days(60), negative=hours(6))
"""A catalogue's id of an artist, by name; a cache for each catalogue, as with the next three."""

TOP_TRACKS: Final = Policy("top_tracks", version=1, ttl=hours(1), stale=days(1), negative=hours(1))
"""An artist's best known songs, by name and number."""

RECENT_TRACKS: Final = Policy("recent_tracks", version=1, ttl=minutes(30), stale=days(1), negative=hours(1))
"""The songs of an artist's latest albums, by name and number."""

SONG_DETAILS: Final = Policy("song_details", version=1, ttl=days(30), stale=days(60), negative=days(1))
"""What a catalogue says of a song only when asked for it alone, by the song's id."""

SONG_PREVIEWS: Final = Policy("song_previews", version=1, ttl=minutes(10), negative=minutes(10))
"""A new address of a song's preview, by the song's id; the signed ones are good for a quarter of an hour."""

TRACK_FEATURES: Final = Policy("track_features", version=1, ttl=days(400), stale=days(4000), lease=seconds(10))
"""What the preview of a song sounds like, by its ISRC, or its id at a catalogue: it does not change."""

SONG_READINGS: Final = Policy("song_readings", version=1, ttl=days(1))
"""A model's reading of a photo or a text as a mood for songs, by both, the languages, the model and its effort."""

RANKINGS: Final = Policy("rankings", version=1, ttl=minutes(10), lease=seconds(4))
"""Songs ranked for a mood, by the mood rounded and the mix of languages."""

ARTIST_MOODS: Final = Policy("artist_moods", version=1, ttl=days(90), stale=days(400))
"""What an artist's songs sound like in sum, by name; learnt as songs are heard."""

POLICIES: Final = (
    ANSWERS,
    INTENTS,
    DISCOVER,
    PROVIDERS,
    TITLES,
    SERVICES,
    KEYWORDS,
    VARIANTS,
    DERIVATIVES,
    SPEECH,
    WORDS,
    ANALYSES,
    ARTIST_IDS,
    TOP_TRACKS,
    RECENT_TRACKS,
    SONG_DETAILS,
    SONG_PREVIEWS,
    TRACK_FEATURES,
    SONG_READINGS,
    RANKINGS,
    ARTIST_MOODS,
)
