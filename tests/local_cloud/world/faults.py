"""What goes wrong on purpose: latency, failures and cut connections per endpoint, and how often each was called.

A behaviour without `match` and `times` changes the endpoint itself; one with either is a rule laid over it, for the
calls whose path, query or body hold `match`, and for the next `times` of them.
"""

import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal
from urllib.parse import unquote_plus

type Profile = Literal["instant", "published"]

ENDPOINTS: Final = (
    "tmdb.discover",
    "tmdb.search",
    "tmdb.details",
    "tmdb.genres",
    "tmdb.watch_providers",
    "model.chat",
    "model.enrich",
    "model.songs",
    "speech.create",
    "images.get",
    "deezer.search",
    "deezer.top",
    "deezer.albums",
    "deezer.tracks",
    "deezer.track",
    "itunes.search",
    "itunes.lookup",
    "previews.get",
)
PROFILES: Final[dict[Profile, dict[str, dict[str, Any]]]] = {
    "instant": {},
    "published": {
        "tmdb.discover": {"latency_ms": 300},
        "tmdb.search": {"latency_ms": 300},
        "tmdb.details": {"latency_ms": [300, 500]},
        "tmdb.watch_providers": {"latency_ms": [300, 500]},
        "model.chat": {"first_token_ms": 400, "last_token_ms": 1500},
        "model.enrich": {"first_token_ms": 400, "last_token_ms": 6000},
        "model.songs": {"first_token_ms": 800, "last_token_ms": 2500},
        "speech.create": {"latency_ms": 1000},
        **{f"deezer.{name}": {"latency_ms": [150, 300]} for name in ("search", "top", "albums", "tracks", "track")},
        **{f"itunes.{name}": {"latency_ms": [250, 450]} for name in ("search", "lookup")},
        "previews.get": {"latency_ms": [100, 250]},
    },
}
"""Latencies as the published systems report them: model 1.5 s, discover 0.3 s, watch providers 0.3 to 0.5 s; a batch of
words explained 6 s, a word spoken 1 s. Of songs only the whole is published (7.9 s): those of its parts are guesses."""


class WrongBehaviourError(ValueError):
    """A behaviour names an unknown endpoint or member, or a value of the wrong kind."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How an endpoint behaves. Times are milliseconds from the request's arrival; `retry_after` is seconds.

    `fail_rate` is the share of calls that fail, with `status` (500 if not given); a `status` alone fails every call.
    `hang_rate` is the share that is never answered. `cut_after` is the share of the body after which the connection is
    closed. With more than `at_once` calls under way, a further one is refused at once, with status 429. `leave_out` and
    `garble` name words that the model says nothing or nonsense about. `quota` is a number of calls and of seconds: a
    catalogue refuses further calls within them, to whichever of its endpoints. Without `fields` it finds nothing for
    `artist:"…"`.
    """

    latency_ms: tuple[float, float] = (0, 0)
    fail_rate: float | None = None
    status: int | None = None
    retry_after: float | None = None
    slow_body_ms: float = 0
    hang: bool = False
    hang_rate: float = 0
    at_once: int | None = None
    first_token_ms: float = 0
    last_token_ms: float = 0
    stream: bool = True
    malformed: bool = False
    refusal: bool = False
    cut_after: float | None = None
    leave_out: tuple[str, ...] = ()
    garble: tuple[str, ...] = ()
    quota: tuple[float, float] | None = None
    fields: bool = True

    @property
    def failing(self) -> float:
        """The share of calls that fail, 0 to 1."""
        return (0 if self.status is None else 1) if self.fail_rate is None else self.fail_rate


@dataclass(slots=True)
class Rule:
    """Changes for the calls that hold `match`; `left` of them, or all (None)."""

    match: str | None
    changes: dict[str, Any]
    left: int | None


@dataclass(slots=True)
class Faults:
    """The behaviours now in force and the calls counted so far."""

    profile: Profile = "instant"
    base: dict[str, Behaviour] = field(init=False)
    rules: dict[str, list[Rule]] = field(init=False)
    calls: Counter[str] = field(init=False)
    chance: random.Random = field(init=False)
    admitted: dict[str, deque[float]] = field(init=False)
    """When the latest calls of a catalogue were let through."""

    def __post_init__(self) -> None:
        """Start with the profile's defaults."""
        self.reset()
        self.calls = Counter()

    def reset(self) -> None:
        """Take back every change: the profile's defaults are in force again."""
        defaults = PROFILES[self.profile]
        self.base = {name: replace(Behaviour(), **_checked(name, defaults.get(name, {}))) for name in ENDPOINTS}
        self.rules = {name: [] for name in ENDPOINTS}
        self.chance = random.Random(1)
        self.admitted = defaultdict(deque)

    def merge(self, changes: Mapping[str, Any]) -> None:
        """Put changes in force, all or, if one is wrong, none; a name without a dot stands for all endpoints under it.

        Raises: WrongBehaviourError, naming the endpoint or member.
        """
        checked: dict[str, tuple[dict[str, Any], str | None, int | None]] = {}
        for endpoint, members in _one_by_one(changes):
            if endpoint not in ENDPOINTS or not isinstance(members, dict):
                raise WrongBehaviourError(endpoint)
            match, times = members.get("match"), members.get("times")
            if not isinstance(match, str | None) or not (times is None or (type(times) is int and times >= 0)):
                raise WrongBehaviourError(f"{endpoint}: match or times")
            rest = {name: value for name, value in members.items() if name not in {"match", "times"}}
            checked[endpoint] = _checked(endpoint, rest), match, times
        for endpoint, (members, match, times) in checked.items():
            if match is None and times is None:
                self.base[endpoint] = replace(self.base[endpoint], **members)
            else:
                self._lay_over(endpoint, Rule(match, members, times))

    def _lay_over(self, endpoint: str, rule: Rule) -> None:
        for known in self.rules[endpoint]:
            if known.match == rule.match:
                known.changes |= rule.changes
                known.left = rule.left
                return
        self.rules[endpoint].append(rule)

    def begin(self, endpoint: str, target: str, body: bytes = b"") -> Behaviour:
        """Count a call and tell how it is to behave. `target` is path and query as sent."""
        self.calls[endpoint] += 1
        behaviour = self.base[endpoint]
        if not self.rules[endpoint]:
            return behaviour
        text = "\n".join((target, unquote_plus(target), body.decode(errors="replace")))
        for rule in self.rules[endpoint]:
            if rule.left == 0 or (rule.match is not None and rule.match not in text):
                continue
            if rule.left is not None:
                rule.left -= 1
            behaviour = replace(behaviour, **rule.changes)
        return behaviour

    def over_quota(self, endpoint: str, behaviour: Behaviour, now: float) -> bool:
        """Whether a call at a time (seconds) is one too many for its catalogue; if it is not, it counts."""
        if behaviour.quota is None:
            return False
        (most, seconds), times = behaviour.quota, self.admitted[endpoint.partition(".")[0]]
        while times and times[0] <= now - seconds:
            times.popleft()
        if len(times) >= most:
            return True
        times.append(now)
        return False

    def latency(self, behaviour: Behaviour) -> float:
        """Seconds from a call's arrival to its answer's first byte, drawn anew for each call."""
        return self.chance.uniform(*behaviour.latency_ms) / 1000

    def hangs(self, behaviour: Behaviour) -> bool:
        """Whether this call is never answered, drawn anew for each call if only a share is."""
        return behaviour.hang or (behaviour.hang_rate > 0 and self.chance.random() < behaviour.hang_rate)

    def fails(self, behaviour: Behaviour) -> bool:
        """Whether this call fails, drawn anew for each call."""
        return self.chance.random() < behaviour.failing


_SHARES: Final = {"fail_rate", "hang_rate", "cut_after"}
_NULLABLE: Final = {"fail_rate", "cut_after", "status", "retry_after", "at_once", "quota"}
_WORDS: Final = {"leave_out", "garble"}
_RESERVED: Final[dict[str, str | tuple[str, ...]]] = {
    **dict.fromkeys(("first_token_ms", "last_token_ms", "stream", "malformed", "refusal", "cut_after"), "model."),
    **dict.fromkeys(_WORDS, "model.enrich"),
    "at_once": "speech.create",
    "quota": ("deezer.", "itunes."),
    "fields": "deezer.search",
}
"""Members that only some endpoints have, and how the names of these begin."""
_MEMBERS: Final = {member.name for member in fields(Behaviour)}


def _one_by_one(changes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, members in changes.items():
        own = [endpoint for endpoint in ENDPOINTS if endpoint.startswith(f"{name}.")]
        yield from ((endpoint, members) for endpoint in own or [name])


def _checked(endpoint: str, members: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(members)
    for name, value in members.items():
        known = name in _MEMBERS and endpoint.startswith(_RESERVED.get(name, ""))
        if not known or not _fits(name, value):
            raise WrongBehaviourError(f"{endpoint}: {name}")
    if "latency_ms" in checked:
        latency = checked["latency_ms"]
        checked["latency_ms"] = tuple(latency) if isinstance(latency, list | tuple) else (latency, latency)
    checked |= {
        name: tuple(checked[name]) for name in (_WORDS | {"quota"}) & checked.keys() if checked[name] is not None
    }
    return checked


def _fits(name: str, value: Any) -> bool:
    if value is None:
        return name in _NULLABLE
    match name:
        case "hang" | "stream" | "malformed" | "refusal" | "fields":
            fits = isinstance(value, bool)
        case "leave_out" | "garble":
            fits = isinstance(value, list) and all(isinstance(word, str) for word in value)
        case "latency_ms" if isinstance(value, list):
            fits = len(value) == 2 and all(map(_is_number, value)) and value[0] <= value[1]
        case "quota":
            fits = isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
        case "at_once":
            fits = type(value) is int and value >= 0
        case "status":
            fits = isinstance(value, int) and 400 <= value < 600
        case _:
            fits = _is_number(value) and (name not in _SHARES or value <= 1)
    return fits


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
