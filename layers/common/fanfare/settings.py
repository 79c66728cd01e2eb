"""One frozen settings object, read from the environment once per process."""

import functools
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from fanfare.errors import ConfigurationError
from fanfare.regions import LANGUAGE, REGIONS

ENGINES: Final = frozenset({"openai", "polly", "espeak"})
"""That speak; see `speech.engines`."""
VOICE: Final = rf"({'|'.join(sorted(ENGINES))})\.[a-z]{{2,3}}(-[A-Z]{{2}})?"


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text == "true"


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError("must be a positive number")
    return number


def _price(text: str) -> float:
    return float(text) and _positive(text)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def _engines(text: str) -> tuple[str, ...]:
    names = tuple(text.replace(" ", "").split(","))
    if not set(names) <= ENGINES or len(set(names)) < len(names):
        raise ValueError(f"must be some of {', '.join(sorted(ENGINES))}, with commas between them")
    return names


def _voices(text: str) -> dict[str, str]:
    pairs = [pair.strip().partition("=") for pair in text.split(",") if pair.strip()]
    if not all(re.fullmatch(VOICE, name) and voice for name, _, voice in pairs):
        raise ValueError("must be like polly.hi-IN=Kajal,espeak.en=en-gb")
    return {name: voice for name, _, voice in pairs}


def _prices(text: str) -> dict[str, float]:
    pairs = [pair.partition("=") for pair in text.replace(" ", "").split(",") if pair]
    if not {name for name, _, _ in pairs} <= ENGINES:
        raise ValueError("must be like openai=15,polly=16")
    return {name: _price(price) for name, _, price in pairs}


def _artists(text: str) -> dict[str, tuple[str, ...]]:
    groups = [group.partition("=") for group in text.split(";") if group.strip()]
    found = {language.strip(): tuple(filter(None, map(str.strip, names.split("|")))) for language, _, names in groups}
    if not all(language and names for language, names in found.items()):
        raise ValueError("must be like English=Name|Another Name;Hindi=Name")
    return found


def _country(text: str) -> str:
    if text not in REGIONS:
        raise ValueError("must be an ISO 3166-1 code such as US")
    return text


def _language(text: str) -> str:
    if not re.fullmatch(LANGUAGE, text):
        raise ValueError("must be a language such as en-US")
    return text


def _url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("must be an http or https URL")
    return text.rstrip("/")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment decides. Times are seconds, prices US dollars per million tokens.

    An empty resource name (table, bucket, queue, parameter) switches that resource off: no table means no shared
    cache, no model key parameter means no model. `tts_engines` are asked in their order; `tts_voices` maps an engine
    and a language (``polly.hi-IN``, ``espeak.en``) to the voice to be used where a request names none, `tts_prices` an
    engine to US dollars per million characters. `popular_artists` stand in, by language, where nobody names any.
    """

    cache_table: str
    storage_bucket: str
    refresh_queue_url: str
    uploads_table: str
    image_hosts: str
    default_region: str
    default_language: str
    tmdb_base_url: str
    tmdb_token_parameter: str
    model_base_url: str
    model_name: str
    model_reasoning_effort: str
    model_api_key_parameter: str
    model_price_input: float
    model_price_output: float
    tts_engines: tuple[str, ...]
    tts_voices: Mapping[str, str]
    tts_base_url: str
    tts_model: str
    tts_api_key_parameter: str
    tts_concurrency: int
    tts_ceiling: int
    tts_ramp: float
    tts_timeout: float
    tts_prices: Mapping[str, float]
    tts_cache_enabled: bool
    tts_cache_ttl: float
    tts_job_items: int
    polly_engine: str
    enrichment_concurrency: int
    enrichment_cache_ttl: float
    jobs_table: str
    jobs_queue_url: str
    analyses_table: str
    analyses_queue_url: str
    preview_hosts: str
    sessions_table: str
    analysis_function: str
    popular_artists: Mapping[str, tuple[str, ...]]
    hearing_wait: float
    deezer_base_url: str
    itunes_base_url: str
    spotify_base_url: str
    spotify_token_url: str
    spotify_credentials_parameter: str
    catalogue_concurrency: int
    route_budget: float
    call_timeout: float
    speculative_calls: int
    hedging: bool

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Read every setting, or raise `ConfigurationError` naming the first variable that is wrong."""
        values: dict[str, Any] = {}
        for variable, (field, default, parse) in VARIABLES.items():
            try:
                values[field] = parse(environment.get(variable, default))
            except ValueError as error:
                raise ConfigurationError(f"{variable}: {error}") from error
        return cls(**values)


VARIABLES: Final[dict[str, tuple[str, str, Callable[[str], Any]]]] = {
    "CACHE_TABLE": ("cache_table", "", str),
    "STORAGE_BUCKET": ("storage_bucket", "", str),
    "REFRESH_QUEUE_URL": ("refresh_queue_url", "", str),
    "UPLOADS_TABLE": ("uploads_table", "", str),
    "IMAGE_HOSTS": ("image_hosts", "", str),
    "DEFAULT_REGION": ("default_region", "US", _country),
    "DEFAULT_LANGUAGE": ("default_language", "en-US", _language),
    "TMDB_BASE_URL": ("tmdb_base_url", "https://api.themoviedb.org/3", _url),
    "TMDB_TOKEN_PARAMETER": ("tmdb_token_parameter", "", str),
    "MODEL_BASE_URL": ("model_base_url", "https://api.openai.com/v1", _url),
    "MODEL_NAME": ("model_name", "gpt-6-luna", str),
    "MODEL_REASONING_EFFORT": ("model_reasoning_effort", "none", str),
    "MODEL_API_KEY_PARAMETER": ("model_api_key_parameter", "", str),
    "MODEL_PRICE_INPUT": ("model_price_input", "0.10", _price),
    "MODEL_PRICE_OUTPUT": ("model_price_output", "0.50", _price),
    "TTS_ENGINES": ("tts_engines", "espeak", _engines),
    "TTS_VOICES": ("tts_voices", "", _voices),
    "TTS_BASE_URL": ("tts_base_url", "https://api.openai.com/v1", _url),
    "TTS_MODEL": ("tts_model", "gpt-4o-mini-tts", str),
    "TTS_API_KEY_PARAMETER": ("tts_api_key_parameter", "", str),
    "MAX_CONCURRENT_TTS_REQUESTS": ("tts_concurrency", "5", _at_least_one),
    "TTS_CONCURRENCY_CEILING": ("tts_ceiling", "20", _at_least_one),
    "TTS_RAMP_SECONDS": ("tts_ramp", "0.25", _positive),
    "TTS_TIMEOUT_SECONDS": ("tts_timeout", "8", _positive),
    "TTS_PRICES": ("tts_prices", "openai=15,polly=16", _prices),
    "TTS_CACHE_ENABLED": ("tts_cache_enabled", "true", _flag),
    "TTS_CACHE_TTL": ("tts_cache_ttl", "7200", _positive),
    "TTS_JOB_ITEMS": ("tts_job_items", "25", _at_least_one),
    "POLLY_ENGINE": ("polly_engine", "neural", str),
    "MAX_CONCURRENT_ENRICHMENT_REQUESTS": ("enrichment_concurrency", "3", _at_least_one),
    "ENRICHMENT_CACHE_TTL": ("enrichment_cache_ttl", "3600", _positive),
    "JOBS_TABLE": ("jobs_table", "", str),
    "JOBS_QUEUE_URL": ("jobs_queue_url", "", str),
    "ANALYSES_TABLE": ("analyses_table", "", str),
    "ANALYSES_QUEUE_URL": ("analyses_queue_url", "", str),
    "DEEZER_BASE_URL": ("deezer_base_url", "https://api.deezer.com", _url),
    "ITUNES_BASE_URL": ("itunes_base_url", "https://itunes.apple.com", _url),
    "SPOTIFY_BASE_URL": ("spotify_base_url", "https://api.spotify.com/v1", _url),
    "SPOTIFY_TOKEN_URL": ("spotify_token_url", "https://accounts.spotify.com/api/token", _url),
    "SPOTIFY_CREDENTIALS_PARAMETER": ("spotify_credentials_parameter", "", str),
    "MAX_CONCURRENT_CATALOGUE_REQUESTS": ("catalogue_concurrency", "6", _at_least_one),
    "PREVIEW_HOSTS": ("preview_hosts", "", str),
    "SESSIONS_TABLE": ("sessions_table", "", str),
    "ANALYSIS_FUNCTION": ("analysis_function", "", str),
    "POPULAR_ARTISTS": ("popular_artists", "", _artists),
    "HEARING_WAIT_SECONDS": ("hearing_wait", "0.25", _positive),
    "ROUTE_BUDGET_SECONDS": ("route_budget", "10", _positive),
    "CALL_TIMEOUT_SECONDS": ("call_timeout", "5", _positive),
    "SPECULATIVE_CALLS": ("speculative_calls", "4", _count),
    "HEDGING": ("hedging", "true", _flag),
}

ENVIRONMENT: Final[frozenset[str]] = frozenset(VARIABLES)


@functools.cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.read(os.environ)
