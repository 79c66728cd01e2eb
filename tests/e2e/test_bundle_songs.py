"""Songs end to end: a photo through the gateway, previews heard by the other function, a session, the schedule."""

import json
import time
from typing import Any, Final

import httpx2
import pytest

from e2e.conftest import Bundle, eventually
from local_cloud.world import music
from local_cloud.world.pictures import camera_jpeg

RECOMMEND: Final = "/api/v1/songs/recommend"
FUNCTION: Final = "SongsFunction"
SAD: Final = {"energy": 0.2, "valence": 0.2}


@pytest.fixture(scope="module")
def photo() -> bytes:
    return camera_jpeg(1512, 2016, seed=3, orientation=6)


def ask(bundle: Bundle, **body: Any) -> dict[str, Any]:
    answer = bundle.http.post(RECOMMEND, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_photo_becomes_songs_and_more_songs(bundle: Bundle, photo: bytes) -> None:
    answer = bundle.http.post(
        RECOMMEND, files={"photo": ("me.jpg", photo, "image/jpeg")}, data={"limit": "6", "languages": '{"Hindi": 1}'}
    )
    assert answer.status_code == 200, answer.text
    first = answer.json()
    assert first["meta"]["sources"]["analysis"] == "model", first["meta"]
    titles = {song.title for song in music.songs() if song.artist.language == "Hindi"}
    assert len(first["songs"]) == 6
    assert {song["name"] for song in first["songs"]} <= titles
    assert "total;dur=" in answer.headers["server-timing"]
    session, song = first["session_id"], first["songs"][0]["id"]
    said = {"session_id": session, "song_id": song, "feedback": -1}
    assert bundle.http.post("/api/v1/songs/feedback", json=said).json()["signals"] == 1
    more = bundle.http.post("/api/v1/songs/more", json={"session_id": session, "offset": 6}).json()
    assert more["songs"]
    assert not {song["id"] for song in first["songs"]} & {song["id"] for song in more["songs"]}


def test_a_published_client_is_answered_at_its_own_routes(open_bundle: Bundle, photo: bytes) -> None:
    answer = open_bundle.http.post("/api/analyze", files={"photo": ("me.jpg", photo, "image/jpeg")})
    assert (answer.status_code, answer.json()["success"]) == (200, True), answer.text
    song = answer.json()["songs"][0]
    said = {"session_id": answer.json()["session_id"], "song_id": song["id"], "song_name": song["name"]}
    said |= {"artist_name": song["artist"], "feedback": 1}
    assert open_bundle.http.post("/api/feedback", json=said).json() == {"success": True}


def test_songs_are_heard_by_the_other_function(bundle: Bundle) -> None:
    """Not at the first time: hearing takes longer than anybody waits for it."""
    asked = {"mood": SAD, "languages": {"Spanish": 1}, "limit": 4}

    def heard() -> bool:
        time.sleep(0.5)
        return all(song["features"] for song in ask(bundle, **asked)["songs"])

    assert eventually(heard, seconds=90)


def test_the_schedule_has_popular_artists_heard(bundle: Bundle) -> None:
    warmed = bundle.cloud.client("lambda").invoke(
        FunctionName=bundle.cloud.deployment.functions[FUNCTION].name, Payload=json.dumps({"warm": "popular"}).encode()
    )
    told = json.loads(warmed["Payload"].read())
    assert "FunctionError" not in warmed, told
    assert told["heard"] > 0


def test_strangers_get_nothing(bundle: Bundle, photo: bytes) -> None:
    with httpx2.Client(base_url=bundle.cloud.url, timeout=40) as stranger:
        answers = [
            stranger.post(RECOMMEND, json={"text": "sad"}),
            stranger.post(RECOMMEND, files={"photo": ("me.jpg", photo, "image/jpeg")}),
            stranger.post("/api/v1/songs/more", json={"session_id": "a" * 22}),
            stranger.post("/api/v1/songs/feedback", json={"session_id": "a" * 22, "song_id": "x", "feedback": 1}),
        ]
    assert {answer.status_code for answer in answers} == {401}
