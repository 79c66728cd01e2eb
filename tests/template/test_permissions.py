"""Roles against code: every call is permitted, every permission is used, and on nothing but what it is for.

What a function calls is read from the modules that run with its handler. Which of their calls it makes is up to its
environment, which names the resources: without a queue's URL nothing is sent.
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from local_cloud import deployment
from local_cloud.deployment import TEMPLATE, Deployment, Function
from local_cloud.intrinsics import Resolver
from support.imports import reached

ROOTS = (TEMPLATE.parent / "functions", TEMPLATE.parent / "layers" / "common")
VARIABLES = {"lambda": "ANALYSIS_FUNCTION", "s3": "STORAGE_BUCKET", "ssm": r"\w+_PARAMETER"}
"""The variables by which a function knows what it calls a service for, as patterns."""
BY_MODULE = {
    ("dynamodb", "analysis.library"): "ANALYSES_TABLE",
    ("dynamodb", "authorizer.handler"): "API_KEYS_TABLE",
    ("dynamodb", "fanfare.cache.dynamodb"): "CACHE_TABLE",
    ("dynamodb", "fanfare.cache.ledger"): "CACHE_TABLE",
    ("dynamodb", "fanfare.jobs"): "JOBS_TABLE",
    ("dynamodb", "fanfare.uploads"): "UPLOADS_TABLE",
    ("dynamodb", "songs.sessions"): "SESSIONS_TABLE",
    ("sqs", "fanfare.cache.queue"): "REFRESH_QUEUE_URL",
    ("sqs", "fanfare.jobs"): "JOBS_QUEUE_URL",
    ("sqs", "fanfare.uploads"): "ANALYSES_QUEUE_URL",
}
"""The same where modules of a function have each their own."""
OTHERWISE_NAMED = {
    "head_object": "s3:GetObject",
    "generate_presigned_post": "s3:PutObject",
    "invoke": "lambda:InvokeFunction",
}
"""Methods whose action is not of their name: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""
OBJECTS = {
    "recommendation": {"cache/*"},
    "images": {"cache/*", "derived/images/*", "uploads/images/*"},
    "analysis": {"cache/*", "derived/analyses/*", "uploads/audio/*"},
    "songs": {"cache/*"},
    "speech": {"cache/*", "derived/jobs/*", "derived/speech/*"},
}
"""Where each feature reads and writes objects, or lets others write."""
ONLY_READ = {"songs": {"uploads/images/*"}}
# What Lambda itself does in a function's name.
CONSUMING = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
RUNNING = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACING = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
# Nobody lists: it tells an object that is not there (404) from one that is not for us (403).
LISTING = {"s3:ListBucket"}
WITHOUT_RESOURCE = TRACING | {"polly:SynthesizeSpeech"}
"""See xray and polly in https://docs.aws.amazon.com/service-authorization/latest/reference/"""
DEPLOYMENTS = {
    "plain": {},
    "with everything": {
        "Tracing": "Active",
        "SpotifyCredentialsParameter": "/fanfare/spotify",
        "TtsEngines": "polly,openai,espeak",
        "TtsApiKeyParameter": "/fanfare/tts-api-key",
    },
    "without a model": {"ModelApiKeyParameter": "", "TtsEngines": "openai,espeak"},
}

type Statement = dict[str, Any]


def feature(function: Function) -> str:
    return function.handler.partition(".")[0]


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def parameters(request: pytest.FixtureRequest) -> dict[str, str]:
    return DEPLOYMENTS[request.param]


@pytest.fixture(scope="module")
def functions(parameters: dict[str, str]) -> dict[str, Function]:
    """By feature. A queue's URL is its name."""
    found = deployment.read(parameters=parameters, region="eu-west-1", account="1", queue_url=str)
    return {feature(function): function for function in found.functions.values()}


@pytest.fixture(scope="module")
def permissions(parameters: dict[str, str]) -> dict[str, list[Statement]]:
    """The statements of each feature's role."""
    template = deployment.transform(parameters=parameters)
    resources = template["Resources"]
    given = deployment.read(parameters=parameters).parameters
    resolver = Resolver(template, given, region="eu-west-1", account="1", queue_url=str)
    granted = {}
    for resource in resources.values():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        properties = resource["Properties"]
        role = resolver.resolve(resources[properties["Role"]["Fn::GetAtt"][0]]["Properties"])
        assert "ManagedPolicyArns" not in role
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
        granted[properties["Handler"].partition(".")[0]] = [
            statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]
        ]
    return granted


def actions(statements: list[Statement]) -> set[str]:
    return {action for item in statements for action in as_list(item["Action"])}


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@functools.cache
def called(file: Path) -> set[str]:
    """AWS actions whose client methods a module names, if it makes a client."""
    text, names = file.read_text(), set()
    for node in ast.walk(ast.parse(text)) if 'client("' in text else ():
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return {action for method, action in methods() if method in names}


@functools.cache
def methods() -> list[tuple[str, str]]:
    """Client method and the action it needs, of every service that the functions use."""
    found = list(OTHERWISE_NAMED.items())
    for service in ("dynamodb", "lambda", "polly", "s3", "sqs", "ssm"):
        for operation in botocore.session.get_session().get_service_model(service).operation_names:
            method = xform_name(operation)
            if method not in OTHERWISE_NAMED:
                # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
                action = operation.removesuffix("Batch") if service == "sqs" else operation
                found.append((method, f"{service}:{action}"))
    return found


def calls(function: Function) -> Iterator[tuple[str, str]]:
    """Actions and the resources on which a function uses them."""
    for module, file in reached(function.handler.rpartition(".")[0], ROOTS).items():
        for action in called(file):
            service = action.partition(":")[0]
            if service == "polly":
                if "polly" in function.environment.get("TTS_ENGINES", ""):
                    yield action, "*"
                continue
            pattern = VARIABLES.get(service) or BY_MODULE[service, module]
            yield from (
                (action, resource_of(value) if value.startswith("arn:") else value)
                for name, value in function.environment.items()
                if value and re.fullmatch(pattern, name)
            )


def resource_of(arn: str) -> str:
    """The name of what an ARN stands for: of a table, queue or bucket, or a parameter's with its slash."""
    if arn == "*":
        return arn
    return re.sub(r"^table/|^parameter(?=/)|(?<!^)/[^/].*\*$", "", arn.split(":", 5)[5])


def test_every_permission_is_used_and_every_call_permitted(
    functions: dict[str, Function], permissions: dict[str, list[Statement]]
) -> None:
    apart = RUNNING | TRACING | CONSUMING | LISTING
    for name, statements in permissions.items():
        granted = {
            (action, resource_of(arn))
            for statement in statements
            for action in as_list(statement["Action"])
            for arn in as_list(statement["Resource"])
        }
        used = set(calls(functions[name]))
        assert used <= granted, name
        assert {each for each in granted - used if each[0] not in apart} == set(), name


def test_what_is_called_is_seen(functions: dict[str, Function]) -> None:
    found = set(calls(functions["recommendation"]))
    assert {action for action, _ in found} >= {"dynamodb:BatchGetItem", "s3:PutObject", "sqs:SendMessage"}
    assert ("ssm:GetParameter", "/fanfare/tmdb-token") in found
    assert ("s3:GetObject", "fanfare-storage-1-eu-west-1") in found
    assert set(calls(functions["authorizer"])) == {("dynamodb:GetItem", "fanfare-ApiKeysTable")}
    assert set(calls(functions["operations"])) == set()


def test_no_permission_is_wider_than_it_must_be(permissions: dict[str, list[Statement]]) -> None:
    for name, statements in permissions.items():
        for statement in statements:
            assert statement["Effect"] == "Allow"
            assert not [action for action in as_list(statement["Action"]) if "*" in action], name
            if set(as_list(statement["Action"])) <= WITHOUT_RESOURCE:
                continue
            for resource in as_list(statement["Resource"]):
                one = r"arn:aws:(logs:[^*]+:\*|s3:::[^*/]+/[^*]+/\*|[a-z0-9]+:[^*]+)"
                assert re.fullmatch(one, resource), (name, resource)


def test_objects_are_touched_only_where_they_belong(permissions: dict[str, list[Statement]]) -> None:
    bucket = "arn:aws:s3:::fanfare-storage-1-eu-west-1"
    for name, statements in permissions.items():
        found = {
            (action, arn)
            for statement in statements
            for action in set(as_list(statement["Action"])) - LISTING
            for arn in as_list(statement["Resource"])
            if action.startswith("s3:")
        }
        both = ("s3:GetObject", "s3:PutObject")
        wanted = {(action, f"{bucket}/{place}") for place in OBJECTS.get(name, ()) for action in both}
        assert found == wanted | {(both[0], f"{bucket}/{place}") for place in ONLY_READ.get(name, ())}, name


def test_an_object_that_is_not_there_is_told_from_one_that_is_forbidden(
    permissions: dict[str, list[Statement]],
) -> None:
    """S3 looks for a permission to list, and takes the key that was asked for as the prefix."""
    listing = {
        name: statement
        for name, statements in permissions.items()
        for statement in statements
        if LISTING & set(as_list(statement["Action"]))
    }
    assert listing == {
        name: {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::fanfare-storage-1-eu-west-1",
            "Condition": {"StringLike": {"s3:prefix": sorted(OBJECTS[name] | ONLY_READ.get(name, set()))}},
        }
        for name in ("analysis", "images", "songs", "speech")
    }


def test_only_consumers_may_receive_and_only_from_their_queue(
    permissions: dict[str, list[Statement]], deployed: Deployment
) -> None:
    consumers = {
        (feature(deployed.functions[trigger.function]), deployed.queues[trigger.queue]["QueueName"])
        for trigger in deployed.queue_triggers
    }
    receiving = {
        (name, resource_of(arn))
        for name, statements in permissions.items()
        for statement in statements
        if CONSUMING & set(as_list(statement["Action"]))
        for arn in as_list(statement["Resource"])
    }
    assert receiving == consumers
    assert all(actions(permissions[name]) >= CONSUMING for name, _ in consumers)


@pytest.mark.parametrize(
    ("engines", "granted"),
    [
        ("espeak", False),
        ("openai,espeak", False),
        ("polly", True),
        ("polly,openai", True),
        ("openai,polly,espeak", True),
    ],
)
def test_polly_may_be_called_if_it_is_one_of_the_engines(engines: str, granted: bool) -> None:
    template = deployment.transform(parameters={"TtsEngines": engines})
    given = deployment.read(parameters={"TtsEngines": engines}).parameters
    resolver = Resolver(template, given, region="eu-west-1", account="1", queue_url=str)
    role = resolver.resolve(template["Resources"]["SpeechRole"]["Properties"])
    assert ("polly:SynthesizeSpeech" in actions(role["Policies"][0]["PolicyDocument"]["Statement"])) == granted


def test_each_role_has_what_its_function_is_for(permissions: dict[str, list[Statement]]) -> None:
    assert actions(permissions["operations"]) - TRACING == RUNNING
    assert actions(permissions["authorizer"]) - TRACING == RUNNING | {"dynamodb:GetItem"}
    assert all(actions(statements) >= RUNNING for statements in permissions.values())


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:dynamodb:eu-west-1:1:table/fanfare-Table", "fanfare-Table"),
        ("arn:aws:s3:::bucket/cache/*", "bucket"),
        ("arn:aws:s3:::bucket/derived/images/*", "bucket"),
        ("arn:aws:sqs:eu-west-1:1:queue", "queue"),
        ("arn:aws:ssm:eu-west-1:1:parameter/a/b", "/a/b"),
    ],
)
def test_the_name_of_a_resource_is_found_in_its_arn(arn: str, name: str) -> None:
    assert resource_of(arn) == name
