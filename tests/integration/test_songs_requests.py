"""What the songs' routes refuse, what they tell nobody, and the shapes of a published client."""

import io
from typing import Any, Final

import pytest

from integration.songs_function import (
    BOUNDARY,
    EXCITED,
    FEEDBACK,
    MORE,
    PARTY,
    RECOMMEND,
    Function,
    form_event,
    meant,
)
from songs.contract import MOST_PHOTO
from support.lambda_events import http_event
from support.photos import BRIGHT_SKY, CAMERA, photo
from support.world import World

ANALYZE: Final = "/api/analyze"
SESSION: Final = "a" * 22
PAST: Final = 1001
"""Characters of a text: one too many."""
DEEP: Final = 100_000
"""Levels of JSON."""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x" * PAST}, "text"),
        ({"text": ""}, "text"),
        ({"text": 7}, "text"),
        ({"text": ["sad"]}, "text"),
        ({"mood": {"energy": 1.01}}, "mood.energy"),
        ({"mood": {"valence": -0.1}}, "mood.valence"),
        ({"mood": {"tempo": 20}}, "mood.tempo"),
        ({"mood": {"energy": "high"}}, "mood.energy"),
        ({"mood": {"loudness": 1}}, "mood.loudness"),
        ({"mood": {}}, "mood"),
        ({"mood": "happy"}, "mood"),
        ({"text": "x", "limit": 0}, "limit"),
        ({"text": "x", "limit": 51}, "limit"),
        ({"text": "x", "limit": "many"}, "limit"),
        ({"text": "x", "max_per_artist": 0}, "max_per_artist"),
        ({"text": "x", "languages": ["Hindi"]}, "languages"),
        ({"text": "x", "languages": {"Hindi": 0}}, "languages.Hindi"),
        ({"text": "x", "languages": {"Hindi": -1}}, "languages.Hindi"),
        ({"text": "x", "languages": {name * 2: 1 for name in "abcde"}}, "languages"),
        ({"text": "x", "exclude_ids": "deezer:1"}, "exclude_ids"),
        ({"text": "x", "exclude_ids": [1]}, "exclude_ids.0"),
        ({"text": "x", "explicit": "perhaps"}, "explicit"),
        ({"text": "x", "session_id": "../../etc"}, "session_id"),
        ({"text": "x", "colour": "red"}, "colour"),
        ({"text": "x", "mood": EXCITED}, "mood"),
        ({"key": "uploads/images/none.jpg", "mood": EXCITED}, "mood"),
        ({"key": "uploads/audio/a.wav"}, "key"),
        ({"key": "derived/images/a.jpg"}, "key"),
    ],
)
def test_a_field_that_is_wrong_is_named(songs: Function, body: dict[str, Any], field: str) -> None:
    assert field in {name.removesuffix(".[key]") for name in songs.post(body).refused_fields}


def test_a_mix_of_nothing_is_the_usual_one(songs: Function) -> None:
    found = songs.ask(mood=EXCITED, languages={}).songs
    assert {song["language"] for song in found} == {"English", "Hindi"}


def test_a_language_has_a_name(songs: Function) -> None:
    assert "languages" in str(songs.ask(mood=EXCITED, languages={"  ": 1}).refused_fields)


@pytest.mark.parametrize(
    ("body", "word"),
    [({}, "name a text, a mood"), ({"limit": 3}, "name a text, a mood"), ({"text": "  \n"}, "text is empty"), ([], "")],
)
def test_a_request_must_ask_for_something(songs: Function, body: object, word: str) -> None:
    assert word in songs.post(body).problem(422)["detail"]


def test_a_text_that_says_nothing_is_named(songs: Function) -> None:
    assert songs.ask("  \n").refused_fields == {"text"}


@pytest.mark.parametrize("body", ["{", "", None, b"\xff".decode("latin-1")])
def test_what_is_no_json_is_refused(songs: Function, body: str | None) -> None:
    assert "JSON" in songs.post(body).problem(400)["detail"]


def test_the_longest_text_is_taken(songs: Function) -> None:
    assert songs.ask("sad " * 250, limit=1).status == 200


@pytest.mark.parametrize("file", [b"no photo", b"<svg xmlns='http://www.w3.org/2000/svg'/>", photo()[:300], b""])
def test_a_photo_that_is_no_photo_is_named(songs: Function, file: bytes) -> None:
    assert songs.show(file).refused_fields == {"photo"}
    assert songs.show(file, path=ANALYZE).refused_fields == {"photo"}


def test_sixteen_megabytes_are_looked_at_and_a_byte_more_is_not(songs: Function) -> None:
    assert songs.show(bytes(MOST_PHOTO)).refused_fields == {"photo"}
    assert str(MOST_PHOTO) in songs.show(bytes(MOST_PHOTO + 1)).problem(413)["detail"]
    assert songs.ask(key=songs.upload(bytes(MOST_PHOTO + 1))).problem(413)


def test_an_upload_that_is_not_there_is_not_found(songs: Function) -> None:
    songs.ask(key="uploads/images/none.jpg").problem(404)


@pytest.mark.parametrize("photos", [(), (photo(), photo())])
def test_a_form_has_one_photo(songs: Function, photos: tuple[bytes, ...]) -> None:
    assert "one is needed" in songs.show(*photos).problem(422)["detail"]


def test_a_form_that_is_none_is_refused(songs: Function) -> None:
    event = http_event("POST", RECOMMEND, "no form", {"content-type": f"multipart/form-data; boundary={BOUNDARY}"})
    songs.send(event).problem(400)
    songs.send(event | {"headers": {"content-type": "multipart/form-data"}}).problem(400)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"languages": "Hindi"}, "languages"),
        ({"exclude_ids": "["}, "exclude_ids"),
        ({"languages": "[" * DEEP}, "languages"),
        ({"languages": '{"a":' * DEEP}, "languages"),
        ({"exclude_ids": "[" * DEEP}, "exclude_ids"),
        ({"limit": "ten"}, "limit"),
        ({"colour": "red"}, "colour"),
        ({"mood": '{"energy": 1}'}, "mood"),
        ({"text": "x" * PAST}, "text"),
    ],
)
def test_a_field_of_a_form_that_is_wrong_is_named(songs: Function, fields: dict[str, str], field: str) -> None:
    assert songs.show(photo(), **fields).refused_fields == {field}


def test_a_body_of_another_type_is_refused_by_it(songs: Function) -> None:
    for kind in ("text/plain", "image/jpeg", "application/x-www-form-urlencoded"):
        songs.post("text=sad", content_type=kind).problem(415)


def test_the_published_route_of_photos_takes_no_json(songs: Function) -> None:
    """That of another published client, of the same name, does: it asks for an analysis of a track."""
    assert "photo" in songs.post({"track_id": 7}, path=ANALYZE).problem(415)["detail"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (MORE, {"offset": 10}, "session_id"),
        (MORE, {"session_id": SESSION, "offset": -1}, "offset"),
        (MORE, {"session_id": SESSION, "limit": 0}, "limit"),
        (FEEDBACK, {"session_id": SESSION, "feedback": 1}, "song_id"),
        (FEEDBACK, {"session_id": SESSION, "song_id": "deezer:1", "feedback": 2}, "feedback"),
        (FEEDBACK, {"session_id": SESSION, "song_id": "deezer:1", "signal": "dance"}, "signal"),
        (FEEDBACK, {"session_id": SESSION, "song_id": "deezer:1", "signal": "skip", "weight": 3}, "weight"),
        (FEEDBACK, {"session_id": SESSION, "song_id": "deezer:1"}, "body"),
        (FEEDBACK, {"session_id": SESSION, "song_id": "deezer:1", "feedback": 1, "signal": "play"}, "body"),
        ("/api/more-songs", {"session_id": "short"}, "session_id"),
        ("/api/feedback", {"session_id": SESSION, "song_id": "deezer:1", "feedback": "meh"}, "feedback"),
        ("/api/feedback/implicit", {"session_id": SESSION, "song_id": "deezer:1"}, "signal_type"),
        ("/api/feedback/implicit", {"session_id": SESSION, "song_id": "deezer:1", "signal_type": "x"}, "signal_type"),
    ],
)
def test_what_is_wrong_with_a_session_s_request_is_named(
    songs: Function, path: str, body: dict[str, Any], field: str
) -> None:
    assert field in {name.partition(".")[0] for name in songs.post(body, path=path).refused_fields}


def test_logs_tell_nothing_of_what_was_asked(songs: Function, world: World, logged: io.StringIO) -> None:
    world.behave(model_songs={"status": 500}, deezer_search={"fail_rate": 0.5})
    answer = songs.show(photo(), text="my very private party")
    songs.judge(answer.session, answer.ids[0], feedback=1)
    songs.show(b"no photo at all", text="my very private party")
    said = logged.getvalue()
    assert "the model failed" in said
    for secret in ("private", answer.session, CAMERA, "base64", answer.songs[0]["name"]):
        assert secret not in said


def test_a_published_client_finds_its_names(songs: Function) -> None:
    """The whole of its way, with what it sends and reads and nothing else."""
    found = songs.show(photo(BRIGHT_SKY), path=ANALYZE)
    assert found.status == 200
    body = found.body
    assert (body["success"], isinstance(body["session_id"], str)) == (True, True)
    analysis = body["analysis"]
    assert {"mood", "description", "themes", "energy", "valence"} <= set(analysis)
    assert all(0 <= analysis[name] <= 1 for name in ("energy", "valence"))
    more = songs.post(
        {"analysis": analysis, "offset": len(body["songs"]), "session_id": body["session_id"]}, path="/api/more-songs"
    )
    assert more.body["success"] is True
    assert not set(found.ids) & set(more.ids)
    for song in (*found.songs, *more.songs):
        assert {"id", "name", "artist", "album", "album_cover", "preview_url", "spotify_url"} <= set(song)
        assert song["album_cover"] == song["cover"]
        assert song["spotify_url"].startswith("http")
        assert meant(song)
    first = found.songs[0]
    said = {"session_id": body["session_id"], "song_id": first["id"], "song_name": first["name"]}
    said |= {"artist_name": first["artist"]}
    for feedback in (1, -1, "like", "dislike"):
        liked = songs.post(said | {"feedback": feedback}, path="/api/feedback")
        assert (liked.status, liked.body) == (200, {"success": True})
    for signal in ({"signal_type": "preview_play", "weight": 0.3}, {"signal_type": "skip"}):
        done = songs.post(said | signal, path="/api/feedback/implicit")
        assert (done.status, done.body) == (200, {"success": True})
    assert songs.judge(body["session_id"], first["id"], feedback=1).body["signals"] == 7


def test_a_published_client_has_five_songs_a_page_and_none_of_them_twice(songs: Function) -> None:
    """It counts on five, whatever it was given."""
    first = songs.show(photo(BRIGHT_SKY), path=ANALYZE)
    pages = [
        first,
        *(songs.post({"session_id": first.session, "offset": at}, path="/api/more-songs") for at in (5, 10)),
    ]
    assert [len(page.songs) for page in pages] == [5, 5, 5]
    assert len({song for page in pages for song in page.ids}) == 15


def test_a_signal_that_nobody_knows_counts_by_its_weight(songs: Function) -> None:
    coming = songs.more(songs.settled(mood=EXCITED).session, 10).ids
    orders = []
    for weight in (-10, 0):
        first = songs.ask(mood=EXCITED)
        for song in coming[:3]:
            said = {"session_id": first.session, "song_id": song, "signal_type": "hearted", "weight": weight}
            assert songs.post(said, path="/api/feedback/implicit").status == 200
        orders.append(songs.more(first.session, 10).ids)
    assert orders[0] != orders[1] == coming


def test_a_published_client_reads_why_it_failed(songs: Function) -> None:
    for body in (songs.show(b"no photo", path=ANALYZE).body, songs.post({}, path="/api/more-songs").body):
        assert body["success"] is False
        assert body["error"]


def test_a_form_may_name_its_file_as_it_likes(songs: Function) -> None:
    assert songs.send(form_event(RECOMMEND, {"text": PARTY, "limit": 2}, (photo(),), "picture")).status == 200
