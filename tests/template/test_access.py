"""Who may call what: closed by default, in every AuthMode."""

from pathlib import Path

import pytest

from local_cloud import deployment
from local_cloud.deployment import TEMPLATE, Deployment

PICTURES = "GET /api/v1/images/{preset}/{source+}"
OPEN = {"GET /api/v1/health", "GET /api/health", "GET /openapi.json", "$default", PICTURES}
"""Routes that anybody may call; of pictures, since a page's <img> sends no key."""
AUTHORIZER = {"keys": "keys", "jwt": "jwt", "open": None}


def test_every_route_follows_the_mode_unless_it_is_open_by_name(mode: str, deployed: Deployment) -> None:
    assert {route.route_key for route in deployed.routes} > OPEN
    for route in deployed.routes:
        expected = None if route.route_key in OPEN else AUTHORIZER[mode]
        assert route.authorizer == expected, route.route_key


def test_without_parameters_a_key_is_asked_for() -> None:
    closed = [route for route in deployment.read().routes if route.route_key not in OPEN]
    assert {route.authorizer for route in closed} == {"keys"}


def test_a_route_that_says_nothing_is_closed(mode: str, tmp_path: Path) -> None:
    forgotten = """\
        Forgotten:
          Type: HttpApi
          Properties: { ApiId: !Ref Api, Method: POST, Path: /api/forgotten }
"""
    event = "        Refresh:\n          Type: SQS\n"
    text = TEMPLATE.read_text()
    assert event in text
    changed = tmp_path / "template.yaml"
    changed.write_text(text.replace(event, forgotten + event))
    routes = {route.route_key: route for route in deployment.read(changed, {"AuthMode": mode}).routes}
    assert routes["POST /api/forgotten"].authorizer == "keys"


def test_answers_about_keys_are_kept_shortly_and_per_route(deployed: Deployment) -> None:
    keys = deployed.authorizers["keys"]
    assert keys.kind == "lambda"
    assert keys.function == "AuthorizerFunction"
    assert set(keys.identity_sources) == {"$request.header.x-api-key", "$context.routeKey"}
    assert 0 < keys.ttl <= 300


def test_tokens_are_checked_against_the_given_issuer_and_audiences(mode: str, deployed: Deployment) -> None:
    if mode != "jwt":
        assert "jwt" not in deployed.authorizers
        return
    jwt = deployed.authorizers["jwt"]
    assert jwt.kind == "jwt"
    assert (jwt.issuer, jwt.audience) == ("https://issuer.example", ("films", "songs"))
    assert jwt.identity_sources == ("$request.header.Authorization",)


def test_no_page_may_call_unless_its_origin_is_named(deployed: Deployment) -> None:
    cors = deployed.cors
    assert cors is not None
    everything = (*cors.allow_origins, *cors.allow_methods, *cors.allow_headers, *cors.expose_headers)
    assert not any("*" in value for value in everything)
    assert not cors.allow_credentials
    assert {"content-type", "prefer", "x-api-key"} <= set(cors.allow_headers)
    told = {"etag", "location", "preference-applied", "retry-after", "server-timing", "x-saved-ratio"}
    assert told <= set(cors.expose_headers)
    methods = {route.method for route in deployed.routes if route.route_key not in OPEN}
    assert methods <= set(cors.allow_methods)


def test_several_origins_can_be_named() -> None:
    deployed = deployment.read(parameters={"AllowedOrigins": "https://a.example,https://b.example"})
    assert deployed.cors is not None
    assert deployed.cors.allow_origins == ("https://a.example", "https://b.example")
    [rule] = deployed.buckets["StorageBucket"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://a.example", "https://b.example"]


def test_pages_may_upload_to_the_bucket_and_read_what_was_signed_for_them(deployed: Deployment) -> None:
    assert deployed.cors is not None
    [rule] = deployed.buckets["StorageBucket"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == list(deployed.cors.allow_origins)
    assert set(rule["AllowedMethods"]) == {"GET", "POST"}
    assert "*" not in str(rule)


@pytest.mark.parametrize("parameters", [{"AuthMode": "off"}, {"AuthMode": ""}, {"AuthMod": "open"}])
def test_a_mistyped_mode_deploys_nothing(parameters: dict[str, str]) -> None:
    with pytest.raises(deployment.UnreadableTemplateError, match="AuthMod"):
        deployment.read(parameters=parameters)
