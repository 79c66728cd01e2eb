"""The product end to end: who may call, processes and what they share, metrics and logs, its own description."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from authorizer.keys import hash_key, new_key
from e2e.conftest import FUNCTION, MOVIES, Bundle, eventually
from local_cloud import openapi

ALIAS = "/api/recommend"
OPEN = ("/api/health", "/api/v1/health", "/openapi.json")
WISH = {"prompt": "a quiet evening with a clever film"}


@pytest.fixture
def issue(bundle: Bundle) -> Callable[..., str]:
    """Issue a key whose item in the table has further attributes."""

    def issued(**attributes: dict[str, Any]) -> str:
        key = new_key()
        item = {"key_hash": {"S": hash_key(key)}, "name": {"S": "friend"}, "created_at": {"N": "0"}}
        bundle.cloud.client("dynamodb").put_item(TableName=bundle.table("ApiKeysTable"), Item=item | attributes)
        return key

    return issued


@pytest.fixture
def stranger(bundle: Bundle) -> Iterator[httpx2.Client]:
    """A client without a key."""
    with httpx2.Client(base_url=bundle.cloud.url, timeout=40) as client:
        yield client


def _status(client: httpx2.Client, path: str, key: str | None) -> int:
    return client.post(path, json=WISH, headers={} if key is None else {"x-api-key": key}).status_code


@pytest.mark.parametrize("path", [MOVIES, ALIAS])
def test_only_a_key_opens_a_route(bundle: Bundle, stranger: httpx2.Client, path: str) -> None:
    key = bundle.cloud.api_key
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    assert [_status(stranger, path, each) for each in (None, "", wrong, hash_key(key), key)] == [
        401,
        401,
        403,
        403,
        200,
    ]
    bearer = stranger.post(path, json=WISH, headers={"authorization": f"Bearer {key}"})
    assert bearer.status_code == 401


def test_a_key_for_one_route_opens_no_other_whatever_is_remembered(
    bundle: Bundle, stranger: httpx2.Client, issue: Callable[..., str]
) -> None:
    key = issue(routes={"SS": [f"POST {ALIAS}"]})
    before = _invocations(bundle, "AuthorizerFunction")
    for _ in range(3):
        assert _status(stranger, ALIAS, key) == 200
        assert _status(stranger, MOVIES, key) == 403
    asked = _invocations(bundle, "AuthorizerFunction") - before
    assert asked == 2, "each route's answer is to be remembered, for that route alone"


def test_an_expired_key_opens_nothing_though_it_is_still_in_the_table(
    stranger: httpx2.Client, issue: Callable[..., str]
) -> None:
    now = int(time.time())
    assert _status(stranger, ALIAS, issue(expires_at={"N": str(now - 1)})) == 403
    assert _status(stranger, ALIAS, issue(expires_at={"N": str(now + 3600)})) == 200


@pytest.mark.parametrize("path", OPEN)
def test_health_and_description_are_for_everyone(stranger: httpx2.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    if path != "/openapi.json":
        assert answer.json()["status"] == "healthy"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/api"), ("POST", "/api/v2/movies/recommend"), ("GET", ALIAS), ("DELETE", MOVIES)],
)
def test_what_is_not_there_is_a_problem_document(
    bundle: Bundle, stranger: httpx2.Client, method: str, path: str
) -> None:
    for client in (stranger, bundle.http):
        answer = client.request(method, path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["status"], problem["instance"], problem["success"]) == (404, path, False)
        assert problem["type"]
        assert problem["title"]
        assert problem["detail"] == problem["error"]


def test_without_keys_nobody_is_asked_for_one(open_bundle: Bundle) -> None:
    for key in (None, "any"):
        assert [_status(open_bundle.http, path, key) for path in (ALIAS, MOVIES)] == [200, 200]
    assert _invocations(open_bundle, "AuthorizerFunction") == 0


# ---- processes -------------------------------------------------------------------------------------------------------


def test_a_warm_process_is_reused_and_a_repeated_wish_calls_nobody(bundle: Bundle) -> None:
    bundle.forget()
    cold_starts = bundle.cloud.cold_starts(FUNCTION)
    first = bundle.films("something uplifting about friendship")
    calls = bundle.cloud.world_calls()
    assert calls["model.chat"] == 1
    again = bundle.films("  Something uplifting about FRIENDSHIP ")
    assert bundle.cloud.world_calls() == calls
    assert again["meta"]["upstream_calls"] == {}
    assert again["meta"]["sources"]["answer"] == "memory"
    assert again["movies"] == first["movies"]
    assert bundle.films("something sad about a dog")["meta"]["sources"]["answer"] == "computed"
    assert bundle.cloud.cold_starts(FUNCTION) == cold_starts + 1


def test_another_process_finds_what_the_first_has_made(bundle: Bundle) -> None:
    first = bundle.films("a film about trains")
    calls = bundle.cloud.world_calls()
    bundle.restart()
    again = bundle.films("a film about trains")
    assert bundle.cloud.world_calls() == calls
    assert again["meta"]["sources"]["answer"] == "shared"
    assert {**again, "meta": None} == {**first, "meta": None}
    shorter = bundle.films("a film about trains", limit=5)
    assert shorter["meta"]["sources"]["intent"] == "remembered model answer"
    assert bundle.cloud.world_calls()["model.chat"] == calls["model.chat"]


def test_three_wishes_at_once_are_answered_side_by_side(bundle: Bundle) -> None:
    before = _by_process(bundle)
    answers = _at_once(bundle, ["a film with robots", "a film with pirates", "a film with cooks"])
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert _grown(bundle, before) == [1, 1, 1]
    assert len({answer.json()["movies"][0]["tmdb_id"] for answer in answers}) > 1


def test_one_wish_of_three_at_once_is_read_once(bundle: Bundle) -> None:
    _at_once(bundle, ["a film with islands", "a film with castles", "a film with ghosts"])  # three warm processes
    bundle.cloud.world_reset()
    bundle.cloud.world({"model.chat": {"last_token_ms": 1500}})
    before = _by_process(bundle)
    with ThreadPoolExecutor(3) as threads:
        # The emulated DynamoDB lets two conditional updates of the same moment both succeed, which the real one does
        # not; so the others come once the first has its lease, and reads the wish by the model.
        first = threads.submit(bundle.films, "a film with three musketeers")
        assert eventually(lambda: bundle.cloud.world_calls().get("model.chat") == 1)
        others = [threads.submit(bundle.films, "a film with three musketeers") for _ in range(2)]
        made, *found = [each.result() for each in (first, *others)]
    assert _grown(bundle, before) == [1, 1, 1]
    assert bundle.cloud.world_calls()["model.chat"] == 1
    assert made["meta"]["sources"]["answer"] == "computed"
    for answer in found:
        assert answer["meta"]["sources"]["answer"] == "shared"
        assert answer["meta"]["cache"]["answers.coalesced"] == 1
        assert answer["meta"]["upstream_calls"] == {}
        assert answer["movies"] == made["movies"]


# ---- metrics and logs ------------------------------------------------------------------------------------------------


def test_every_request_writes_its_metrics_once(bundle: Bundle) -> None:
    before = len(_metrics(bundle, FUNCTION)), len(_metrics(bundle, "OperationsFunction"))
    bundle.films("a film to fall asleep to")
    bundle.films("a film to fall asleep to", path=ALIAS)
    assert bundle.ask("").status_code == 422
    bundle.http.get("/api/health")
    bundle.http.get("/nowhere")
    made, found, refused = _metrics(bundle, FUNCTION)[before[0] :]
    for line in (made, found, refused):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Fanfare"
        assert {"route", "service"} == {name for names in directive["Dimensions"] for name in names}
        assert all(metric["Name"] in line for metric in directive["Metrics"])
        assert (line["service"], line["Requests"], line["Errors"]) == ("recommendation", [1.0], [0.0])
    assert [line["route"] for line in (made, found, refused)] == [f"POST {path}" for path in (MOVIES, ALIAS, MOVIES)]
    assert made["UpstreamCalls"][0] > 0 == found["UpstreamCalls"][0]
    assert (made["CacheMiss"][0] > 0, found["CacheHit"]) == (True, [1.0])
    routes = [line["route"] for line in _metrics(bundle, "OperationsFunction")[before[1] :]]
    assert routes == ["GET /api/health", "$default"]


@pytest.mark.parametrize("deployment", ["bundle", "open_bundle"])
def test_logs_hold_no_wish_and_no_secret(deployment: str, request: pytest.FixtureRequest) -> None:
    """Whatever goes wrong; the open deployment logs at level DEBUG."""
    asked: Bundle = request.getfixturevalue(deployment)
    wish = "a film about my neighbour Quibblethwaite"
    strangers_key = new_key()
    asked.films(wish)
    asked.http.post(MOVIES, json={"prompt": wish}, headers={"x-api-key": strangers_key})
    assert asked.http.post(MOVIES, json={"prompt": wish, "region": "Quibblethwaite"}).status_code == 422
    assert asked.http.post(MOVIES, content=f'{{"prompt": "{wish}').status_code == 400
    for trouble in ({"status": 500}, {"malformed": True}, {"refusal": True}, {"cut_after": 0.5}):
        asked.cloud.world_reset()
        asked.cloud.world({"model.chat": trouble, "tmdb.details": {"fail_rate": 0.5}})
        asked.films(f"{wish}, {trouble}")
    asked.cloud.world({"tmdb.discover": {"status": 503}})
    assert asked.ask(f"{wish} from 1971").status_code == 503
    logged = "\n".join(line for function in asked.cloud.deployment.functions for line in asked.cloud.logs(function))
    assert "the model failed" in logged
    for secret in ("quibblethwaite", asked.cloud.api_key, strangers_key, "sample-tmdb-token", "sample-model-key"):
        assert secret.casefold() not in logged.casefold()


# ---- its own description ---------------------------------------------------------------------------------------------


def test_the_description_is_the_one_the_code_makes(stranger: httpx2.Client) -> None:
    kept = openapi.PATH.read_text()
    assert stranger.get("/openapi.json").text == kept
    assert kept == openapi.document(), "the routes have changed: run `uv run fanfare openapi`"


def test_the_description_names_every_route(bundle: Bundle, stranger: httpx2.Client) -> None:
    document = stranger.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    # OpenAPI has no word for a parameter that takes the rest of a path.
    deployed = {route.route_key.replace("+}", "}") for route in bundle.cloud.deployment.routes}
    assert described == deployed - {"$default"}
    references = set(_references(document))
    assert references
    for reference in references:
        found = document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


def test_answers_are_as_described(bundle: Bundle, stranger: httpx2.Client) -> None:
    document = stranger.get("/openapi.json").json()
    answer = bundle.films("a comedy from the nineties, nothing scary", region="DE")
    described = document["paths"][MOVIES]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator.check_schema(document["components"]["schemas"]["MovieAnswer"])
    Draft202012Validator({**document, **described}).validate(answer)
    spoilt = answer | {"movies": [{**answer["movies"][0], "vote_average": "high"}]}
    assert not Draft202012Validator({**document, **described}).is_valid(spoilt)


# ---- helpers ---------------------------------------------------------------------------------------------------------


def _at_once(bundle: Bundle, prompts: list[str]) -> list[httpx2.Response]:
    """Ask side by side; the model is slow enough for each to need a process of its own."""
    bundle.cloud.world({"model.chat": {"last_token_ms": 1000}})
    with ThreadPoolExecutor(len(prompts)) as threads:
        return list(threads.map(bundle.ask, prompts))


def _by_process(bundle: Bundle) -> dict[int, int]:
    return {instance.pid: instance.invocations for instance in bundle.cloud.instances(FUNCTION)}


def _grown(bundle: Bundle, before: dict[int, int]) -> list[int]:
    """How many calls each process has taken since, without those that took none."""
    grown = {pid: number - before.get(pid, 0) for pid, number in _by_process(bundle).items()}
    return [number for number in grown.values() if number]


def _invocations(bundle: Bundle, function: str) -> int:
    return sum(instance.invocations for instance in bundle.cloud.instances(function))


def _metrics(bundle: Bundle, function: str) -> list[dict[str, Any]]:
    """The function's EMF lines, the oldest first."""
    lines = [json.loads(line) for line in bundle.cloud.logs(function) if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
