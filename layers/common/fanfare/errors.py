"""Every error the bundle raises on purpose, and the HTTP status each one answers with.

FanfareError                    500
├── ConfigurationError          500   an environment variable or a secret is missing or wrong
├── MalformedBody               400   not JSON, not UTF-8
├── ContentTooLarge             413
├── UnsupportedMediaType        415
├── InvalidInput                422   fields of the request; names them
├── UnusableContent             422   a file that is broken, or not what it says
├── NotFound                    404
├── NotYet                      409   it is being made; carries retry_after
├── DeadlineExceeded            504   the route's budget is spent
└── UpstreamError               503   somebody else's service; names it
    ├── UpstreamTimeout         504
    ├── UpstreamRateLimited     503   carries retry_after, seconds
    └── UpstreamRejected        502   it answered, and the answer cannot be used (wrong key, malformed body, refusal)
"""

from collections.abc import Mapping
from typing import ClassVar


class FanfareError(Exception):
    """The root of the tree. `title` is public; the message of the exception is, too, unless the status is 500."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    retry_after: float | None = None


class ConfigurationError(FanfareError):
    title = "Wrong configuration"


class MalformedBody(FanfareError):
    status = 400
    title = "Malformed body"


class ContentTooLarge(FanfareError):
    status = 413
    title = "Content too large"


class UnsupportedMediaType(FanfareError):
    status = 415
    title = "Unsupported media type"


class UnusableContent(FanfareError):
    status = 422
    title = "Unusable content"


class InvalidInput(FanfareError):
    """A request that cannot be carried out as it stands. `fields` maps dotted paths into it to what is wrong there."""

    status = 422
    title = "Invalid input"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in fields.items()))
        self.fields = fields


class NotFound(FanfareError):
    status = 404
    title = "Not found"


class NotYet(FanfareError):
    """Something is being made that is asked for already."""

    status = 409
    title = "Not yet"
    retry_after = 1.0


class DeadlineExceeded(FanfareError):
    status = 504
    title = "Deadline exceeded"


class UpstreamError(FanfareError):
    """A call to somebody else's service failed. `retryable` says whether the same call may succeed later."""

    status = 503
    title = "Upstream unavailable"
    retryable: ClassVar[bool] = True

    def __init__(self, upstream: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{upstream}: {message}")
        self.upstream = upstream
        self.message = message
        self.retry_after = retry_after


class UpstreamTimeout(UpstreamError):
    status = 504
    title = "Upstream timed out"


class UpstreamRateLimited(UpstreamError):
    title = "Upstream rate limit reached"


class UpstreamRejected(UpstreamError):
    status = 502
    title = "Upstream answer unusable"
    retryable = False


def brief(error: Exception) -> str:
    """What may be told of an error to whoever asks."""
    return str(error) if isinstance(error, UpstreamError | DeadlineExceeded) else type(error).__name__
