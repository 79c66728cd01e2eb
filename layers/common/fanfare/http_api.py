"""The HTTP front of every function: bodies checked, answers timed, errors as problem documents.

A handler module makes its resolver with `api`, registers routes, and ends with ``handler = serve(app)``. A route is an
async function; a parameter named `request` whose type is a pydantic model receives the checked body.
"""

import asyncio
import inspect
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import BaseModel, ValidationError

from fanfare import aio, bodies, messages, telemetry
from fanfare.cache import store
from fanfare.errors import DeadlineExceeded, FanfareError, InvalidInput, MalformedBody, NotFound, UnsupportedMediaType
from fanfare.settings import settings

MARGIN: Final = 1.0
"""Seconds kept back from Lambda's own timeout, to answer and to write what was computed."""
PROBLEM: Final = "application/problem+json"
MOST_PROBLEMS: Final = 20
"""Fields that one problem document names at most."""

type Invoked = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Takes what another function, or a schedule, invokes this one with."""
type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def api() -> APIGatewayHttpResolver:
    """Return a resolver whose routes take checked bodies and whose errors are problem documents.

    CORS is left to API Gateway. Powertools' own validation is not used: under `resolve_async` it runs in threads that
    signal the loop in ways asyncio does not allow, and it doubles the import.
    """
    app = APIGatewayHttpResolver(serializer=_json)
    app.use(middlewares=[_checked_body])  # type: ignore[list-item]  # awaited by resolve_async
    app.exception_handler(FanfareError)(lambda error: _problem(error, app.current_event.path))
    app.not_found(lambda _: problem(NotFound("there is no such route"), app.current_event.path))
    return app


def _problem(error: FanfareError, path: str) -> Response[str]:
    if error.status >= 500:
        telemetry.log_failure(error.title, error)
    return problem(error, path)


def problem(error: FanfareError, path: str) -> Response[str]:
    """Return RFC 9457's problem document; `success` and `error` stand beside it for clients that read only those."""
    detail = str(error) if error.status != 500 else "The request could not be carried out."
    body: dict[str, Any] = {
        "type": f"urn:fanfare:problem:{error.title.lower().replace(' ', '-')}",
        "title": error.title,
        "status": error.status,
        "detail": detail,
        "instance": path,
        "success": False,
        "error": detail,
    }
    if isinstance(error, InvalidInput):
        body["errors"] = [{"field": field, "message": message} for field, message in error.fields.items()]
    headers = {} if error.retry_after is None else {"Retry-After": str(max(1, round(error.retry_after)))}
    return Response(error.status, PROBLEM, json.dumps(body), headers)


def serve(
    app: APIGatewayHttpResolver,
    *,
    wire: Callable[[], object] = lambda: None,
    uploaded: messages.Uploaded | None = None,
    worked: messages.Worked | None = None,
    invoked: Invoked | None = None,
) -> Handler:
    """Return the Lambda handler: HTTP events go to `app`, queue messages to the caches they name, to `uploaded` or to
    `worked`, and what else it is invoked with to `invoked`.

    `wire` binds the feature's caches, for messages that reach a process before any request has. A queue that S3 tells
    of new objects needs `uploaded`, one of jobs `worked`: it is awaited for each, and that for which it raises comes
    again.
    """

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if "Records" in event:
            wire()
            return aio.run(_consume(event, context, messages.Work(uploaded, worked)))
        if invoked is not None and "requestContext" not in event:
            wire()
            return aio.run(_invoke(event, context, invoked))
        return aio.run(_answer(app, event, context))

    return handler


async def _answer(app: APIGatewayHttpResolver, event: dict[str, Any], context: Any) -> dict[str, Any]:
    began = time.process_time()
    with telemetry.request() as figures:
        try:
            with aio.within(_deadline(context, settings().route_budget)) as deadline:
                async with asyncio.timeout_at(deadline.at):
                    answer = await app.resolve_async(event, context)
        except TimeoutError:
            answer = _bare(DeadlineExceeded("no answer within the time for this route"), event)
        except Exception as error:  # noqa: BLE001  (the outermost one: nothing may leave as a bare 5xx)
            telemetry.log_failure("unhandled", error)
            answer = _bare(FanfareError(), event)
        await _settle()
        timings = figures.timings() | {"cpu": round((time.process_time() - began) * 1000, 1)}
        answer.setdefault("headers", {})["Server-Timing"] = ", ".join(
            f"{name};dur={number}" for name, number in timings.items()
        )
        telemetry.emit(event.get("routeKey", ""), answer["statusCode"])
        return answer


async def _settle() -> None:
    """Leave nothing under way that a freeze would cut, and write what was computed, in the `MARGIN` kept back."""
    left = aio.leftover()
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    if store.cache_info().currsize:
        await store().flush()


def _bare(error: FanfareError, event: Mapping[str, Any]) -> dict[str, Any]:
    response = problem(error, event.get("rawPath", ""))
    return {"statusCode": response.status_code, "headers": {"Content-Type": PROBLEM}, "body": response.body}


async def _consume(event: dict[str, Any], context: Any, work: messages.Work) -> dict[str, Any]:
    with telemetry.request():
        with aio.within(_deadline(context, float("inf"))):
            answer = await messages.consume(event["Records"], work)
        await _settle()
        queue = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        telemetry.emit(queue, 500 if answer["batchItemFailures"] else 200)
        return answer


async def _invoke(event: dict[str, Any], context: Any, invoked: Invoked) -> dict[str, Any]:
    """What `invoked` raises is the function's error, to whoever invoked it."""
    with telemetry.request():
        try:
            with aio.within(_deadline(context, settings().route_budget)) as deadline:
                async with asyncio.timeout_at(deadline.at):
                    answer = await invoked(event)
        finally:
            await _settle()
        telemetry.emit("invoked", 200)
        return answer


def _deadline(context: Any, budget: float) -> aio.Deadline:
    remaining = context.get_remaining_time_in_millis() / 1000 - MARGIN
    return aio.Deadline.after(max(0.0, min(budget, remaining)))


async def _checked_body(
    app: APIGatewayHttpResolver, call_next: Callable[[APIGatewayHttpResolver], Awaitable[Response[Any]]]
) -> Response[Any]:
    model = inspect.signature(app.context["_route"].func).parameters.get("request")
    if model is not None:
        app.context["_route_args"]["request"] = _parsed(app.current_event, model.annotation)
    return await call_next(app)


def _parsed(event: Any, model: type[BaseModel]) -> BaseModel:
    if "json" not in (bodies.media_type(event) or "json"):
        raise UnsupportedMediaType("the body must be application/json")
    return checked_json(model, bodies.raw(event))


def checked_json[M: BaseModel](model: type[M], body: bytes) -> M:
    """Return a JSON body as a `model`; raises `MalformedBody` or `InvalidInput`."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error) from None


def checked[M: BaseModel](model: type[M], values: Mapping[str, Any]) -> M:
    """Return fields of a form or a query as a `model`; raises `InvalidInput`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> FanfareError:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if any(each["type"] == "json_invalid" for each in problems):
        return MalformedBody("the body is not valid JSON in UTF-8")
    return InvalidInput(
        {
            (".".join(map(str, each["loc"])) or "body")[:80]: each["msg"].removeprefix("Value error, ")
            for each in problems[:MOST_PROBLEMS]
        }
    )


def _json(value: Any) -> str:
    return value.model_dump_json() if isinstance(value, BaseModel) else json.dumps(value)
