"""What stands behind the functions: nothing in a circle, nothing public, nothing lost."""

import json
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from analysis import worker
from fanfare.jobs import KEPT
from local_cloud import deployment
from local_cloud.deployment import TEMPLATE, Deployment
from local_cloud.intrinsics import Resolver
from speech.jobs import INPUTS, LAST_RECEIVE
from speech.synthesis import AUDIO, LIFE
from support.linting import lint

WRITTEN = ("cache/", "derived/")
"""Prefixes under which the functions themselves write objects. Under uploads/ only others do, with what is signed."""
BUCKET = "fanfare-storage-123456789012-us-east-1"
DEAD_LETTERS = {"RefreshDeadLetterQueue", "UploadDeadLetterQueue", "JobDeadLetterQueue", "AnalysisDeadLetterQueue"}
DAY = 24 * 3600


def references(value: Any) -> Iterator[str]:
    """Names of everything that a piece of a template refers to, parameters and conditions included."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.split(".")[0]
            elif key == "Fn::If":
                yield item[0]
                yield from references(item[1:])
            elif key == "Fn::Sub":
                text, given = item if isinstance(item, list) else (item, {})
                yield from (part.split("}")[0].split(".")[0] for part in text.split("${")[1:])
                yield from references(given)
            else:
                yield from references(item)


def dependencies(template: dict[str, Any]) -> dict[str, set[str]]:
    """What each resource waits for."""
    resources = template["Resources"]
    waits = {}
    for logical_id, resource in resources.items():
        explicit = resource.get("DependsOn", [])
        named = {explicit} if isinstance(explicit, str) else set(explicit)
        waits[logical_id] = (named | set(references(resource.get("Properties", {})))) & resources.keys()
    return waits


def test_no_resource_waits_for_itself(template: dict[str, Any]) -> None:
    order = list(TopologicalSorter(dependencies(template)).static_order())
    assert set(order) == template["Resources"].keys()


def test_a_trigger_that_closes_a_circle_is_found(tmp_path: Path) -> None:
    """`sam validate --lint` lets this pass: the bucket waits for the permission, that for the function, that for it."""
    event = "        Refresh:\n          Type: SQS\n"
    trigger = """\
        Upload:
          Type: S3
          Properties: { Bucket: !Ref StorageBucket, Events: "s3:ObjectCreated:*" }
"""
    text = TEMPLATE.read_text()
    assert event in text
    changed = tmp_path / "template.yaml"
    changed.write_text(text.replace(event, trigger + event))
    with pytest.raises(CycleError):
        TopologicalSorter(dependencies(deployment.transform(changed))).prepare()


def test_cfn_lint_finds_nothing_after_the_transform(template: dict[str, Any]) -> None:
    assert lint(template, "us-east-1", "eu-central-1") == []


def test_cfn_lint_would_find_something() -> None:
    broken = deployment.transform()
    broken["Resources"]["CacheTable"]["Properties"]["BillingMode"] = "FREE"
    assert lint(broken, "us-east-1")


def test_the_bucket_is_private_encrypted_and_tidied(deployed: Deployment) -> None:
    [bucket] = deployed.buckets.values()
    assert bucket["BucketName"] == BUCKET
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    rules = bucket["LifecycleConfiguration"]["Rules"]
    # What was made of an upload is the same for every upload of the same bytes, and stays.
    assert {rule["Prefix"]: int(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule} == {
        "cache/": 30,
        "derived/answers/": 1,
        "derived/jobs/": 7,
        "derived/speech/": 60,
        "derived/variants/": 60,
        "uploads/": 365,
    }
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


def test_the_bucket_refuses_all_that_is_not_tls(template: dict[str, Any]) -> None:
    policy = template["Resources"]["StorageBucketPolicy"]["Properties"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert policy["Bucket"] == {"Ref": "StorageBucket"}
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    arn = {"Fn::GetAtt": ["StorageBucket", "Arn"]}
    assert statement["Resource"] == [arn, {"Fn::Sub": "${StorageBucket.Arn}/*"}]


def test_originals_are_deleted_after_as_many_days_as_was_said() -> None:
    rules = deployment.read(parameters={"UploadRetentionDays": "7"}).buckets["StorageBucket"]["LifecycleConfiguration"]
    [originals] = [rule for rule in rules["Rules"] if rule.get("Prefix") == "uploads/"]
    assert (originals["Status"], originals["ExpirationInDays"]) == ("Enabled", "7")


def test_only_the_bucket_of_this_stack_and_account_may_tell_of_uploads(template: dict[str, Any]) -> None:
    """Anybody's bucket could name the queue otherwise, and S3 would send there in good faith."""
    given = deployment.read().parameters
    resolver = Resolver(template, given, region="us-east-1", account="123456789012", queue_url=str)
    policies = [item for item in template["Resources"].values() if item["Type"] == "AWS::SQS::QueuePolicy"]
    resolved = [resolver.resolve(policy["Properties"]) for policy in policies]
    assert sorted(policy["Queues"] for policy in resolved) == [["fanfare-AnalysisQueue"], ["fanfare-UploadQueue"]]
    for policy in resolved:
        [queue] = policy["Queues"]
        [statement] = policy["PolicyDocument"]["Statement"]
        assert statement == {
            "Sid": "OwnBucketOnly",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        }


@pytest.mark.parametrize(
    ("prefix", "queue", "function"),
    [
        ("uploads/images/", "UploadQueue", "ImagesFunction"),
        ("uploads/audio/", "AnalysisQueue", "AnalysisFunction"),
    ],
)
def test_every_upload_is_told_of(
    template: dict[str, Any], deployed: Deployment, prefix: str, queue: str, function: str
) -> None:
    """One event stands for a form, a PUT, a copy and an upload in parts."""
    [trigger] = [each for each in deployed.bucket_triggers if each.prefix == prefix]
    assert (trigger.bucket, trigger.queue, trigger.function) == ("StorageBucket", queue, None)
    assert (trigger.events, trigger.suffix) == (("s3:ObjectCreated:*",), "")
    [consumer] = [each for each in deployed.queue_triggers if each.queue == queue]
    assert consumer.function == function
    assert consumer.batch_size <= 5
    assert 2 <= (consumer.maximum_concurrency or 0) <= 50
    # S3 refuses a queue to which it may not send, so the bucket waits until it may.
    assert f"{queue}Policy" in dependencies(template)["StorageBucket"]


def test_an_upload_that_never_ends_is_refused_before_it_is_a_dead_letter(deployed: Deployment) -> None:
    assert deployed.queues["AnalysisQueue"]["RedrivePolicy"]["maxReceiveCount"] == worker.LAST_RECEIVE


def loops(prefix: str) -> bool:
    """Whether objects that the functions write would trigger a function again."""
    return any(prefix.startswith(written) or written.startswith(prefix) for written in WRITTEN)


def test_what_the_functions_write_triggers_nothing(deployed: Deployment) -> None:
    looping = ("", "cache/", "cache/a", "ca", "derived/", "derived/images/", "d")
    assert [prefix for prefix in (*looping, "uploads/", "uploads/images/") if loops(prefix)] == list(looping)
    assert not [trigger for trigger in deployed.bucket_triggers if loops(trigger.prefix)]


def test_a_message_is_neither_lost_nor_worked_on_twice_at_once(deployed: Deployment) -> None:
    assert deployed.queue_triggers
    dead = {name: queue for name, queue in deployed.queues.items() if "RedrivePolicy" not in queue}
    assert dead.keys() == DEAD_LETTERS
    assert {queue["MessageRetentionPeriod"] for queue in dead.values()} == {14 * DAY}
    arns = {f"arn:aws:sqs:us-east-1:123456789012:{queue['QueueName']}" for queue in dead.values()}
    assert {trigger.queue for trigger in deployed.queue_triggers} == deployed.queues.keys() - dead.keys()
    for trigger in deployed.queue_triggers:
        queue = deployed.queues[trigger.queue]
        assert queue["VisibilityTimeout"] >= 6 * deployed.functions[trigger.function].timeout
        arns.remove(queue["RedrivePolicy"]["deadLetterTargetArn"])  # each has its own
        assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3
        # A dead letter keeps the age of its message.
        assert queue["MessageRetentionPeriod"] <= 10 * DAY
        assert trigger.report_failures
    assert all(queue["SqsManagedSseEnabled"] for queue in deployed.queues.values())
    for name in ("UploadQueue", "JobQueue", "AnalysisQueue"):
        assert deployed.queues[name]["MessageRetentionPeriod"] >= 4 * DAY


def test_popular_songs_are_heard_by_schedule(deployed: Deployment) -> None:
    [schedule] = deployed.schedules
    assert (schedule.function, schedule.expression) == ("SongsFunction", "rate(1 hour)")
    assert "requestContext" not in schedule.event
    assert "Records" not in schedule.event


def test_jobs_are_worked_part_by_part_beside_those_who_wait(deployed: Deployment) -> None:
    [consumer] = [each for each in deployed.queue_triggers if each.queue == "JobQueue"]
    assert (consumer.function, consumer.batch_size) == ("SpeechFunction", 1)
    assert 2 <= (consumer.maximum_concurrency or 0) <= 5
    # A worker that is killed three times leaves the message two more.
    assert deployed.queues["JobQueue"]["RedrivePolicy"]["maxReceiveCount"] == LAST_RECEIVE >= 5


def test_objects_lie_as_long_as_the_code_counts_on_them(deployed: Deployment) -> None:
    rules = deployed.buckets["StorageBucket"]["LifecycleConfiguration"]["Rules"]
    days = {rule["Prefix"]: int(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule}
    assert days[INPUTS] * DAY >= KEPT
    assert days[AUDIO] * DAY == LIFE


def test_what_cannot_be_made_again_outlives_the_stack(template: dict[str, Any]) -> None:
    stores = {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}
    policies = {
        name: (item["DeletionPolicy"], item["UpdateReplacePolicy"])
        for name, item in template["Resources"].items()
        if item["Type"] in stores
    }
    kept = ("RetainExceptOnCreate", "Retain")
    assert policies == {
        "AnalysesTable": kept,
        "ApiKeysTable": kept,
        "CacheTable": ("Delete", "Delete"),
        "JobsTable": ("Delete", "Delete"),
        "SessionsTable": ("Delete", "Delete"),
        "StorageBucket": kept,
        "UploadsTable": kept,
    }


@pytest.mark.parametrize("recovery", ["true", "false"])
def test_tables_are_paid_by_use_encrypted_and_forget(recovery: str) -> None:
    tables = deployment.read(parameters={"PointInTimeRecovery": recovery}).tables
    assert set(tables) == {"CacheTable", "ApiKeysTable", "UploadsTable", "JobsTable", "AnalysesTable", "SessionsTable"}
    for table in tables.values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["SSESpecification"] == {"SSEEnabled": True}
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": recovery == "true"}


def test_what_goes_wrong_raises_an_alarm(template: dict[str, Any]) -> None:
    alarms = [item["Properties"] for item in template["Resources"].values() if item["Type"] == "AWS::CloudWatch::Alarm"]
    watched = {(alarm["MetricName"], str(alarm["Dimensions"][0]["Value"])) for alarm in alarms if "MetricName" in alarm}
    for alarm in alarms:
        metrics = [metric["MetricStat"]["Metric"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
        watched |= {(metric["MetricName"], str(metric["Dimensions"][0]["Value"])) for metric in metrics}
    functions = [name for name, item in template["Resources"].items() if item["Type"] == "AWS::Lambda::Function"]
    assert {(metric, str({"Ref": name})) for metric in ("Errors", "Throttles") for name in functions} <= watched
    assert ("5xx", str({"Ref": "Api"})) in watched
    dead = {str({"Fn::GetAtt": [queue, "QueueName"]}) for queue in DEAD_LETTERS}
    assert {("ApproximateNumberOfMessagesVisible", queue) for queue in dead} <= watched
    waiting = {str({"Fn::GetAtt": [queue, "QueueName"]}) for queue in ("UploadQueue", "JobQueue", "AnalysisQueue")}
    assert {("ApproximateAgeOfOldestMessage", queue) for queue in waiting} <= watched


def test_what_is_open_or_heavy_has_a_bound_of_its_own(template: dict[str, Any], deployed: Deployment) -> None:
    settings = template["Resources"]["ApiApiGatewayDefaultStage"]["Properties"]["RouteSettings"]
    of_speech = {route.route_key for route in deployed.routes if route.function == "SpeechFunction"}
    assert settings.keys() == {
        "GET /api/v1/images/{preset}/{source+}",
        "POST /api/v1/images/optimize",
        "POST /api/v1/uploads",
        # Each costs an engine or a model.
        *(key for key in of_speech if key.startswith("POST ")),
        "POST /api/v1/songs/recommend",
        "POST /api/analyze",
        "POST /api/v1/songs/more",
        "POST /api/more-songs",
        "POST /api/v1/analyses",
        "POST /api/v1/playlists",
    }
    assert "POST /api/word/tts" in settings
    assert settings.keys() <= {route.route_key for route in deployed.routes}  # else the deployment fails
    for bound in settings.values():
        assert 0 < bound["ThrottlingRateLimit"] <= bound["ThrottlingBurstLimit"]


def test_calls_are_throttled_and_logged(template: dict[str, Any]) -> None:
    stage = template["Resources"]["ApiApiGatewayDefaultStage"]["Properties"]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0
    assert json.loads(stage["AccessLogSettings"]["Format"])["status"] == "$context.status"
    assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}
