"""The sample speech server: OpenAI's `/audio/speech`, with a tone for a voice and a limit to how much it does at once.

Shapes: https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Self, get_args

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from local_cloud.world import tones
from local_cloud.world.faults import Behaviour, Faults
from local_cloud.world.replies import (
    Reply,
    Silence,
    admitted,
    as_json,
    in_time,
    openai_error,
    openai_failure,
    openai_stranger,
    target,
)

MEDIA_TYPES: Final = {"mp3": "audio/mpeg", "wav": "audio/wav"}
LONGEST: Final = 4096
"""Characters of a text."""
SLOWEST: Final = 0.25
FASTEST: Final = 4.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be spoken, and how."""

    text: str
    audio_format: tones.Format
    speed: float

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Read a request's body.

        Raises ValueError with what is wrong, in words for the caller.
        """
        asked: Any = json.loads(body)
        if not isinstance(asked, dict):
            raise ValueError("We could not parse the JSON body of your request.")  # noqa: TRY004 - the request's fault
        for name in ("model", "input", "voice"):
            if not isinstance(asked.get(name), str) or not asked[name]:
                raise ValueError(f"Missing or wrong parameter: '{name}'.")
        if len(asked["input"]) > LONGEST:
            raise ValueError(f"String should have at most {LONGEST} characters.")
        audio_format, speed = asked.get("response_format", "mp3"), asked.get("speed", 1.0)
        if audio_format not in get_args(tones.Format.__value__):
            raise ValueError("The sample world speaks 'mp3' and 'wav'.")
        if not isinstance(speed, int | float) or not SLOWEST <= speed <= FASTEST:
            raise ValueError("'speed' must be between 0.25 and 4.0.")
        return cls(asked["input"], audio_format, float(speed))


class Speaker:
    """The endpoint, and what it has said.

    `spoken` counts the calls for each text that were taken on, whether or not the caller waited for the audio; calls
    that failed, were refused or hang are not among them.
    """

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.spoken: Counter[str] = Counter()
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; it is under way until its answer is due, whether or not its caller still waits."""
        arrived = asyncio.get_running_loop().time()
        request = Request(scope, receive)
        body = await request.body()
        behaviour = self.faults.begin("speech.create", target(request), body)
        if behaviour.at_once is not None and self._under_way >= behaviour.at_once:
            await in_time(*openai_failure(429), behaviour, arrived)(scope, receive, send)
            return
        self._under_way += 1
        try:
            reply = await self._reply(request, body, behaviour, arrived)
            await reply(scope, receive, send)
        finally:
            self._under_way -= 1

    async def _reply(self, request: Request, body: bytes, behaviour: Behaviour, arrived: float) -> Reply:
        if self.faults.hangs(behaviour):
            return Silence()
        if not admitted(request):
            return openai_stranger()
        begin = arrived + self.faults.latency(behaviour)
        if self.faults.fails(behaviour):
            return in_time(*openai_failure(behaviour.status or 500), behaviour, begin)
        try:
            wish = Wish.of(body)
        except ValueError as error:
            return as_json(400, openai_error(str(error)))
        return await self._speak(wish, behaviour, begin)

    async def _speak(self, wish: Wish, behaviour: Behaviour, begin: float) -> Reply:
        self.spoken[wish.text] += 1
        audio = await asyncio.to_thread(tones.tone, tones.length(wish.text, wish.speed), wish.audio_format)
        return in_time(200, audio, behaviour, begin, MEDIA_TYPES[wish.audio_format])
