"""What template.yaml deploys, as plain values: functions, routes, authorizers, tables, buckets, queues and triggers.

The template goes through SAM's own transform, the code that runs in CloudFormation, and the result is resolved for one
stack; so what is missing in the template is missing here.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from local_cloud.intrinsics import Resolver
from local_cloud.transform import TEMPLATE, UnreadableTemplateError, parameter_values, transform

__all__ = [
    "TEMPLATE",
    "Authorizer",
    "BucketTrigger",
    "Cors",
    "Deployment",
    "Function",
    "QueueTrigger",
    "Route",
    "UnreadableTemplateError",
    "read",
    "transform",
]

_READ = {
    "AWS::ApiGatewayV2::Api",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
}
# What only matters in an account: who may call whom, which version is live, who is told.
_PASSED_OVER = {
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::IAM::Role",
    "AWS::Lambda::Alias",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
}


@dataclass(frozen=True)
class Function:
    """A Lambda function. `timeout` is seconds."""

    logical_id: str
    name: str
    handler: str
    timeout: float
    memory_mb: int
    environment: dict[str, str]
    snap_start: bool


@dataclass(frozen=True)
class Authorizer:
    """An HTTP API authorizer: `function` (a logical id) for kind lambda, `issuer` and `audience` for kind jwt.

    `ttl` is how many seconds an answer of the function is kept per combination of identity sources.
    """

    name: str
    kind: Literal["lambda", "jwt"]
    function: str | None
    identity_sources: tuple[str, ...]
    ttl: float
    issuer: str | None
    audience: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """A route and the logical id of its function; the catch-all has method "" and path "$default"."""

    method: str
    path: str
    function: str
    authorizer: str | None

    @property
    def route_key(self) -> str:
        """The route as API Gateway names it, such as "POST /api/recommend" or "$default"."""
        return f"{self.method} {self.path}".strip()


@dataclass(frozen=True)
class Cors:
    """The API's cross-origin answers. `max_age` is seconds."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    max_age: int | None
    allow_credentials: bool


@dataclass(frozen=True)
class QueueTrigger:
    """A queue that a function consumes (both logical ids). `batching_window` is seconds."""

    queue: str
    function: str
    batch_size: int
    batching_window: float
    report_failures: bool
    maximum_concurrency: int | None


@dataclass(frozen=True)
class Schedule:
    """A function (its logical id) that is invoked with `event` again and again. No clock runs here."""

    function: str
    expression: str
    event: dict[str, Any]


@dataclass(frozen=True)
class BucketTrigger:
    """A bucket whose events of keys with `prefix` and `suffix` go to a queue or a function (logical ids)."""

    bucket: str
    events: tuple[str, ...]
    prefix: str
    suffix: str
    queue: str | None
    function: str | None


@dataclass(frozen=True)
class Deployment:
    """Everything above, by logical id; tables, buckets and queues are their resolved CloudFormation properties."""

    region: str
    account: str
    functions: dict[str, Function]
    routes: tuple[Route, ...]
    authorizers: dict[str, Authorizer]
    cors: Cors | None
    tables: dict[str, dict[str, Any]]
    buckets: dict[str, dict[str, Any]]
    queues: dict[str, dict[str, Any]]
    queue_triggers: tuple[QueueTrigger, ...]
    bucket_triggers: tuple[BucketTrigger, ...]
    schedules: tuple[Schedule, ...]
    parameters: dict[str, str]


def read(
    template: Path = TEMPLATE,
    parameters: Mapping[str, str] = {},
    *,
    region: str = "us-east-1",
    account: str = "123456789012",
    queue_url: Callable[[str], str] | None = None,
) -> Deployment:
    """Return what the template deploys with `parameters`; `queue_url` maps a queue's name to the URL functions get.

    Raises `UnreadableTemplateError` or `UnknownIntrinsicError`, naming what cannot be read.
    """
    cloudformation = transform(template, parameters, region=region, account=account)
    given = parameter_values(cloudformation, parameters)
    resolver = Resolver(
        cloudformation,
        given,
        region=region,
        account=account,
        queue_url=queue_url or (lambda name: f"http://sqs.{region}.localhost/{account}/{name}"),
    )
    resources = _Resources(cloudformation["Resources"], resolver)
    bodies = [api["Body"] for api in resources.of("AWS::ApiGatewayV2::Api").values()]
    if len(bodies) > 1:
        raise UnreadableTemplateError("more than one AWS::ApiGatewayV2::Api")
    body = bodies[0] if bodies else {}
    return Deployment(
        region=region,
        account=account,
        functions={key: _function(key, value) for key, value in resources.of("AWS::Lambda::Function").items()},
        routes=tuple(_routes(body, resources)),
        authorizers=_authorizers(body, resources),
        cors=_cors(body.get("x-amazon-apigateway-cors")),
        tables=resources.of("AWS::DynamoDB::Table"),
        buckets=resources.of("AWS::S3::Bucket"),
        queues=resources.of("AWS::SQS::Queue"),
        queue_triggers=tuple(
            _queue_trigger(mapping, resources) for mapping in resources.of("AWS::Lambda::EventSourceMapping").values()
        ),
        bucket_triggers=tuple(
            trigger
            for bucket, properties in resources.of("AWS::S3::Bucket").items()
            for trigger in _bucket_triggers(bucket, properties.get("NotificationConfiguration", {}), resources)
        ),
        schedules=tuple(
            Schedule(resources.logical_id(target["Arn"]), rule["ScheduleExpression"], json.loads(target["Input"]))
            for rule in resources.of("AWS::Events::Rule").values()
            for target in rule["Targets"]
        ),
        parameters=given,
    )


class _Resources:
    """The resolved properties of the resources whose condition holds, and the way back from ARN to logical id."""

    def __init__(self, resources: Mapping[str, Any], resolver: Resolver) -> None:
        self._properties: dict[str, dict[str, dict[str, Any]]] = {}
        self._logical_ids: dict[str, str] = {}
        for logical_id, resource in resources.items():
            kind = resource["Type"]
            if kind not in _READ | _PASSED_OVER:
                raise UnreadableTemplateError(f"{logical_id} has unknown type {kind}")
            if kind in _PASSED_OVER or ("Condition" in resource and not resolver.holds(resource["Condition"])):
                continue
            properties = resolver.resolve(resource.get("Properties", {}))
            if kind in _NAMED:
                properties[_NAMED[kind]] = resolver.name(logical_id)
                self._logical_ids[resolver.resolve({"Fn::GetAtt": [logical_id, "Arn"]})] = logical_id
            self._properties.setdefault(kind, {})[logical_id] = properties

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties of all resources of a type, by logical id."""
        return self._properties.get(kind, {})

    def logical_id(self, arn: str) -> str:
        """Return the logical id of a queue, a function, or a function's alias."""
        for known in (arn, arn.rpartition(":")[0]):
            if known in self._logical_ids:
                return self._logical_ids[known]
        raise UnreadableTemplateError(f"no resource has the ARN {arn}")


_NAMED = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
}


def _function(logical_id: str, properties: Mapping[str, Any]) -> Function:
    return Function(
        logical_id=logical_id,
        name=properties["FunctionName"],
        handler=properties["Handler"],
        timeout=float(properties["Timeout"]),
        memory_mb=int(properties["MemorySize"]),
        environment={key: str(value) for key, value in properties["Environment"]["Variables"].items()},
        snap_start=properties.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions",
    )


def _routes(body: Mapping[str, Any], resources: _Resources) -> Iterator[Route]:
    for path, methods in body.get("paths", {}).items():
        for method, operation in methods.items():
            if "x-amazon-apigateway-integration" not in operation:
                raise UnreadableTemplateError(f"{method.upper()} {path} has no function")
            schemes = [name for scheme in operation.get("security", []) for name in scheme if name != "NONE"]
            if len(schemes) > 1:
                raise UnreadableTemplateError(f"{method.upper()} {path} has more than one authorizer")
            catch_all = path == "$default"
            yield Route(
                method="" if catch_all else _METHODS.get(method, method.upper()),
                path=path,
                function=resources.logical_id(_invoked(operation["x-amazon-apigateway-integration"]["uri"])),
                authorizer=schemes[0] if schemes else None,
            )


_METHODS = {"x-amazon-apigateway-any-method": "ANY"}


def _invoked(uri: str) -> str:
    """The function ARN inside an integration's URI (``…/functions/{arn}/invocations``)."""
    return uri.rpartition("/functions/")[2].removesuffix("/invocations")


def _authorizers(body: Mapping[str, Any], resources: _Resources) -> dict[str, Authorizer]:
    found = {}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        declared = scheme["x-amazon-apigateway-authorizer"]
        sources = declared.get("identitySource", [])
        jwt = declared.get("jwtConfiguration", {})
        is_jwt = declared["type"] == "jwt"
        found[name] = Authorizer(
            name=name,
            kind="jwt" if is_jwt else "lambda",
            function=None if is_jwt else resources.logical_id(_invoked(declared["authorizerUri"])),
            identity_sources=(sources,) if isinstance(sources, str) else tuple(sources),
            # API Gateway keeps answers for 300 s when nothing is said.
            ttl=0.0 if is_jwt else float(declared.get("authorizerResultTtlInSeconds", 300)),
            issuer=jwt.get("issuer"),
            audience=tuple(jwt.get("audience", ())),
        )
    return found


def _cors(declared: Mapping[str, Any] | None) -> Cors | None:
    if declared is None:
        return None
    return Cors(
        allow_origins=tuple(declared.get("allowOrigins", ())),
        allow_methods=tuple(declared.get("allowMethods", ())),
        allow_headers=tuple(declared.get("allowHeaders", ())),
        expose_headers=tuple(declared.get("exposeHeaders", ())),
        max_age=declared.get("maxAge"),
        allow_credentials=bool(declared.get("allowCredentials", False)),
    )


def _queue_trigger(mapping: Mapping[str, Any], resources: _Resources) -> QueueTrigger:
    return QueueTrigger(
        queue=resources.logical_id(mapping["EventSourceArn"]),
        function=resources.logical_id(mapping["FunctionName"]),
        batch_size=int(mapping.get("BatchSize", 10)),
        batching_window=float(mapping.get("MaximumBatchingWindowInSeconds", 0)),
        report_failures="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", ()),
        maximum_concurrency=mapping.get("ScalingConfig", {}).get("MaximumConcurrency"),
    )


def _bucket_triggers(bucket: str, declared: Mapping[str, Any], resources: _Resources) -> Iterator[BucketTrigger]:
    kinds = (("QueueConfigurations", "Queue"), ("LambdaConfigurations", "Function"))
    for kind, target in kinds:
        for configuration in declared.get(kind, ()):
            rules = {
                rule["Name"].lower(): rule["Value"]
                for rule in configuration.get("Filter", {}).get("S3Key", {}).get("Rules", ())
            }
            logical_id = resources.logical_id(configuration[target])
            yield BucketTrigger(
                bucket=bucket,
                events=(configuration["Event"],),
                prefix=rules.get("prefix", ""),
                suffix=rules.get("suffix", ""),
                queue=logical_id if target == "Queue" else None,
                function=logical_id if target == "Function" else None,
            )
