"""Which upstreams the functions talk to: the sample world, or those whose keys the caller has, one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from local_cloud.deployment import Deployment, Function

TMDB_URL: Final = "https://api.themoviedb.org/3"
TMDB_PICTURES: Final = "image.tmdb.org"
MODEL_URL: Final = "https://api.openai.com/v1"
SPEECH_URL: Final = "https://api.openai.com/v1"
PREVIEWS: Final = "previews.sample.example"
"""The host that the sample world's previews of songs are said to lie at."""
POPULAR: Final = 12
"""Artists of a language."""
SPEECH_KEY: Final = "/local/tts-api-key"
"""Where the key of a real speech server lies: the template names no place for one unless it is told to."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """An upstream to use: its secret, and the variables that point a function at it.

    `parameter` is the template parameter that names the secret's place, or that place with its slash, `reader` the
    variable by which a function shows that it reads the secret. Its pictures need none: `mirrors` maps their hosts to
    where they are fetched from.
    """

    name: str
    real: bool
    secret: str = field(repr=False)
    parameter: str
    reader: str
    variables: Mapping[str, str]
    mirrors: Mapping[str, str] = field(default_factory=dict)


def choose(environment: Mapping[str, str], world_url: str | None) -> tuple[Upstream, ...]:
    """Return the real TMDb for a TMDB_TOKEN, a real model for a MODEL_API_KEY or OPENAI_API_KEY, samples otherwise.

    MODEL_BASE_URL and MODEL_NAME say which real model; OpenAI's API and the template's name are the defaults. Without
    a sample world, what has no key is left as the template has it. Speech is the template's own engine, unless
    TTS_ENGINES names openai and there is a TTS_API_KEY or OPENAI_API_KEY; TTS_BASE_URL and TTS_MODEL say which server.
    """
    return tuple(_choose(environment, world_url))


def _choose(environment: Mapping[str, str], world_url: str | None) -> Iterator[Upstream]:
    tmdb = ("TMDb", "TmdbTokenParameter", "TMDB_TOKEN_PARAMETER")
    if token := environment.get("TMDB_TOKEN"):
        yield _upstream(*tmdb, token, {"TMDB_BASE_URL": TMDB_URL}, real=True)
    elif world_url:
        sample = _upstream(*tmdb, "sample-tmdb-token", {"TMDB_BASE_URL": f"{world_url}/tmdb/3"})
        yield replace(sample, mirrors={TMDB_PICTURES: f"{world_url}/images"})
    model = ("model", "ModelApiKeyParameter", "MODEL_API_KEY_PARAMETER")
    if key := environment.get("MODEL_API_KEY") or environment.get("OPENAI_API_KEY"):
        variables = {"MODEL_BASE_URL": environment.get("MODEL_BASE_URL", MODEL_URL)}
        if name := environment.get("MODEL_NAME"):
            variables["MODEL_NAME"] = name
        yield _upstream(*model, key, variables, real=True)
    elif world_url:
        yield _upstream(*model, "sample-model-key", {"MODEL_BASE_URL": f"{world_url}/model/v1"})
    if world_url and "DEEZER_BASE_URL" not in environment:
        yield _catalogues(world_url)
    key = environment.get("TTS_API_KEY") or environment.get("OPENAI_API_KEY")
    if key and "openai" in environment.get("TTS_ENGINES", "").split(","):
        given = {name: environment[name] for name in ("TTS_ENGINES", "TTS_MODEL") if environment.get(name)}
        address = {"TTS_BASE_URL": environment.get("TTS_BASE_URL", SPEECH_URL), "TTS_API_KEY_PARAMETER": SPEECH_KEY}
        yield _upstream("speech", SPEECH_KEY, "TTS_ENGINES", key, given | address, real=True)


def _upstream(
    name: str, parameter: str, reader: str, secret: str, variables: Mapping[str, str], *, real: bool = False
) -> Upstream:
    return Upstream(name, real, secret, parameter, reader, variables)


def _catalogues(world_url: str) -> Upstream:
    """The sample world's catalogues of songs, which want no key; its artists stand in for those whom many know."""
    from local_cloud.world import music

    best = sorted(music.artists(), key=lambda artist: -artist.fans)
    languages = dict.fromkeys(artist.language for artist in best)
    popular = {each: [artist.name for artist in best if artist.language == each][:POPULAR] for each in languages}
    variables = {
        "DEEZER_BASE_URL": f"{world_url}/deezer",
        "ITUNES_BASE_URL": f"{world_url}/itunes",
        "POPULAR_ARTISTS": ";".join(f"{language}={'|'.join(names)}" for language, names in popular.items()),
    }
    previews = {PREVIEWS: world_url}
    return Upstream("catalogues", False, "", "", "SESSIONS_TABLE", variables, previews)


def variables(upstreams: tuple[Upstream, ...], function: Function) -> dict[str, str]:
    """Return what points one function at its upstreams, which are those whose secrets it reads.

    Of the hosts from which it may fetch pictures, those that have a mirror become ``host=base URL``.
    """
    used = (upstream for upstream in upstreams if function.environment.get(upstream.reader))
    pointed = {name: value for upstream in used for name, value in upstream.variables.items()}
    mirrors = {host: base for upstream in upstreams for host, base in upstream.mirrors.items()}
    mirror = mirrors.pop(PREVIEWS, None)
    if mirrors and (hosts := function.environment.get("IMAGE_HOSTS")):
        pointed["IMAGE_HOSTS"] = ",".join(
            f"{host}={mirrors[host]}" if host in mirrors else host for host in hosts.split(",")
        )
    if mirror and function.environment.get("PREVIEW_HOSTS"):
        pointed["PREVIEW_HOSTS"] = f"{function.environment['PREVIEW_HOSTS']},{PREVIEWS}={mirror}"
    return pointed


def secrets(upstreams: tuple[Upstream, ...], deployment: Deployment) -> dict[str, str]:
    """Return the SSM parameters that functions are told of, with their values."""
    found = {}
    for upstream in upstreams:
        named = upstream.parameter
        if not named:
            continue
        if place := named if named.startswith("/") else deployment.parameters.get(named):
            found[place] = upstream.secret
    return found
