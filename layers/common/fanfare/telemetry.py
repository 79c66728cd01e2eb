"""What one request did: calls, cache traffic, stages, warnings. Logged, sent as EMF metrics, and shown in `meta`.

Logs carry error types, code positions and counts; never a prompt, a key or an exception's message, which may quote
either.
"""

import asyncio
import os
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from fanfare.errors import ConfigurationError

logger = Logger()
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Fanfare"))


@dataclass(slots=True)
class Figures:
    """The figures of one request. Times are seconds on the loop's clock."""

    began: float
    calls: Counter[str] = field(default_factory=Counter)
    """Calls that left the process, per upstream; retries, hedges and speculative calls included."""
    extra: Counter[str] = field(default_factory=Counter)
    """Of these, how many were a `retry`, a `hedge` or `speculative`."""
    cache: Counter[str] = field(default_factory=Counter)
    """Cache events as ``name.event``; see `fanfare.cache`."""
    cost_usd: float = 0.0
    """Estimated from token counts and the configured prices."""
    stages: dict[str, tuple[float, float]] = field(default_factory=dict)
    """First beginning and last end of each stage; stages overlap."""
    warnings: list[str] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)
    """Why this answer is less than it should be; empty if it is not."""

    def timings(self) -> dict[str, float]:
        """Milliseconds per stage, first beginning to last end, and `total` up to now."""
        spans = {name: round((end - start) * 1000, 1) for name, (start, end) in self.stages.items()}
        return spans | {"total": round((_now() - self.began) * 1000, 1)}


_figures: ContextVar[Figures] = ContextVar("figures")
_speculative: ContextVar[bool] = ContextVar("speculative", default=False)


def _now() -> float:
    return asyncio.get_running_loop().time()


def figures() -> Figures:
    """The figures of the request that the current task works for; fresh ones outside any request."""
    found = _figures.get(None)
    if found is None:
        found = Figures(_now())
        _figures.set(found)
    return found


def degrade(reason: str) -> None:
    """Mark the current request's answer as less than it should be, once for each reason."""
    degraded = figures().degraded
    if reason not in degraded:
        degraded.append(reason)


@contextmanager
def request() -> Iterator[Figures]:
    """Collect figures for a block and all tasks started in it."""
    token = _figures.set(Figures(_now()))
    try:
        yield _figures.get()
    finally:
        _figures.reset(token)


@contextmanager
def speculative() -> Iterator[None]:
    """Count the upstream calls of a block as speculative: made before it is known that they are needed."""
    token = _speculative.set(True)
    try:
        yield
    finally:
        _speculative.reset(token)


def is_speculative() -> bool:
    """Whether the current task's upstream calls are made before it is known that they are needed."""
    return _speculative.get()


def count_call(upstream: str, kind: str = "") -> None:
    """Count one call that leaves the process; `kind` is `retry`, `hedge` or empty."""
    current = figures()
    current.calls[upstream] += 1
    if kind:
        current.extra[kind] += 1
    if is_speculative():
        current.extra["speculative"] += 1


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time a stage. Blocks of one name may overlap: the stage then spans all of them."""
    began = _now()
    try:
        yield
    finally:
        stages = figures().stages
        first, last = stages.get(name, (began, began))
        stages[name] = (min(first, began), max(last, _now()))


def log_failure(event: str, error: BaseException, **named: str) -> None:
    """Log what failed and where, without the error's message, unless it is one that only names settings.

    `named` are ids that lead to what failed, such as a queue's of a message.
    """
    detail = {"detail": str(error)} if isinstance(error, ConfigurationError) else {}
    detail |= named
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error(event, extra={"error": type(error).__name__, "frames": frames[-8:], **detail})


def emit(route: str, status: int) -> None:
    """Write one request's figures as EMF metrics: dimensions service and route.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    current = figures()
    metrics.add_dimension("route", route)
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    metrics.add_metric("Errors", MetricUnit.Count, int(status >= 500))
    metrics.add_metric("Degraded", MetricUnit.Count, int(bool(current.degraded)))
    metrics.add_metric("Latency", MetricUnit.Milliseconds, current.timings()["total"])
    metrics.add_metric("UpstreamCalls", MetricUnit.Count, current.calls.total())
    for event, number in _cache_events(current).items():
        metrics.add_metric(f"Cache{event.capitalize()}", MetricUnit.Count, number)
    metrics.add_metadata("cache", dict(current.cache))
    metrics.add_metadata("timings", current.timings())
    metrics.flush_metrics()


def _cache_events(current: Figures) -> Counter[str]:
    events: Counter[str] = Counter()
    for name, number in current.cache.items():
        events[name.rpartition(".")[2]] += number
    return events
