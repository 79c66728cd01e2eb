"""The previews: that what listens to them hears what their characters say."""

import io
import wave
from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.audio.analyser import Analysis, analyse
from local_cloud.world import music, previews
from local_cloud.world.music import Song

TRACKS: Final = 40


@pytest.fixture(scope="module")
def heard() -> list[tuple[Song, Analysis]]:
    """Songs from all over the catalogue, and what was heard in their previews."""
    songs = [song for song in music.songs() if song.audible]
    chosen = songs[:: len(songs) // TRACKS][:TRACKS]
    return [(song, analyse(_wav(previews.play(song.character, song.number)))) for song in chosen]


def _wav(samples: NDArray[np.float32]) -> bytes:
    """Quicker to decode than MP3, which takes a process."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(previews.RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def spearman(truth: list[float], told: list[float | None]) -> float:
    known = [-1.0 if each is None else each for each in told]
    return float(np.corrcoef(_ranks(truth), _ranks(known))[0, 1])


def _ranks(values: list[float]) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values))


def test_tempo_is_heard_or_an_octave_of_it(heard: list[tuple[Song, Analysis]]) -> None:
    ratios = [analysis.beats.tempo / song.character.tempo for song, analysis in heard]
    right = [min(abs(ratio / octave - 1) for octave in (0.5, 1, 2)) < 0.02 for ratio in ratios]
    assert sum(right) >= 0.95 * TRACKS
    assert sum(abs(ratio - 1) < 0.02 for ratio in ratios) >= 0.85 * TRACKS


def test_energy_and_valence_are_heard_in_their_order(heard: list[tuple[Song, Analysis]]) -> None:
    truth = [song.character for song, _ in heard]
    assert spearman([each.energy for each in truth], [each.mood.energy for _, each in heard]) >= 0.9
    assert spearman([each.valence for each in truth], [each.mood.valence for _, each in heard]) >= 0.7


def test_quadrants_are_heard_apart(heard: list[tuple[Song, Analysis]]) -> None:
    """The borders are where the estimates' scale has them: not in the middle."""
    clear = [(song.character, each.mood) for song, each in heard if song.character.quadrant]
    right = [
        ((mood.energy or 0) > 0.4, (mood.valence or 0) > 0.47) == (character.energy > 0.5, character.valence > 0.5)
        for character, mood in clear
    ]
    assert len(clear) > 30
    assert sum(right) >= 0.85 * len(clear)


def test_the_mode_is_heard(heard: list[tuple[Song, Analysis]]) -> None:
    right = [each.key is not None and each.key.mode == song.character.mode for song, each in heard]
    assert sum(right) >= 0.9 * TRACKS


def test_what_is_played_without_drums_sounds_acoustic(heard: list[tuple[Song, Analysis]]) -> None:
    told = {
        acoustic: np.mean([each.mood.acousticness or 0 for song, each in heard if song.character.acoustic == acoustic])
        for acoustic in (True, False)
    }
    assert told[True] > told[False] + 0.1


def test_as_mp3_they_sound_the_same(heard: list[tuple[Song, Analysis]]) -> None:
    for song, plain in heard[:: TRACKS // 3]:
        analysis = analyse(previews.preview(song.character, song.number))
        assert (analysis.format, analysis.damaged) == ("mp3", False)
        assert previews.SECONDS <= analysis.duration < previews.SECONDS + 0.2
        assert analysis.beats.tempo == pytest.approx(plain.beats.tempo, rel=0.01)
        assert analysis.mood.energy == pytest.approx(plain.mood.energy, abs=0.03)


def test_the_same_song_is_played_the_same_and_another_one_not() -> None:
    character = music.songs()[0].character
    first, again = previews.play(character, 1), previews.play(character, 1)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, previews.play(character, 2))
    assert float(np.abs(first).max()) < 1


def test_more_energy_is_louder() -> None:
    character = music.songs()[0].character
    levels = [
        float(np.sqrt(np.mean(previews.play(replace(character, energy=energy), 1) ** 2))) for energy in (0.1, 0.5, 0.9)
    ]
    assert levels == sorted(levels)
    assert levels[2] > 3 * levels[0]
