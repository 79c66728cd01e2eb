"""Objects that are put into a bucket by program or by a signed form, and the queue that is told of them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from local_cloud.cloud import LocalCloud
from local_cloud.post_policy import refusal

BUCKET = "fanfare-uploads"
KEY = "uploads/flower.jpg"
CONDITIONS = [["content-length-range", 1, 100], {"Content-Type": "image/jpeg"}]


def _told(cloud: LocalCloud) -> list[dict[str, Any]]:
    """What the queue was told since it was last asked."""
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=cloud.deployment.queues["UploadQueue"]["QueueName"])["QueueUrl"]
    bodies = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(json.loads(message["Body"]))
    return bodies


@pytest.fixture(scope="module")
def cloud(small_cloud: LocalCloud) -> LocalCloud:
    """The small deployment. S3 itself sends the queue a first message, when the notification is set up."""
    assert [body["Event"] for body in _told(small_cloud)] == ["s3:TestEvent"]
    return small_cloud


@pytest.fixture(params=["s3", "s3v4"])
def form(cloud: LocalCloud, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A signed form for one JPEG of at most 100 bytes, by either way of signing."""
    import boto3
    from botocore.config import Config

    s3 = boto3.client(
        "s3",
        "us-east-1",
        endpoint_url=cloud.aws_endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        aws_session_token="local",
        config=Config(signature_version=request.param),
    )
    signed: dict[str, Any] = s3.generate_presigned_post(
        BUCKET, KEY, Fields={"Content-Type": "image/jpeg"}, Conditions=CONDITIONS
    )
    return signed


def _post(form: dict[str, Any], body: bytes, **changed: str) -> httpx2.Response:
    """Send a form as a browser does: the file comes last."""
    fields = form["fields"] | {name.replace("_", "-"): value for name, value in changed.items()}
    return httpx2.post(form["url"], data=fields, files={"file": ("my flower.jpg", body, "image/jpeg")})


def test_an_upload_tells_a_queue(cloud: LocalCloud) -> None:
    for key in ("elsewhere/a.bin", "uploads/red flower (1).bin", "uploads/Ärger.bin"):
        cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"123")
    records = [body["Records"][0] for body in _told(cloud)]
    objects = [record["s3"]["object"] for record in records]
    assert [each["key"] for each in objects] == ["uploads/red+flower+%281%29.bin", "uploads/%C3%84rger.bin"]
    assert {record["eventName"] for record in records} == {"ObjectCreated:Put"}
    assert objects[0]["size"] == 3
    assert objects[0]["sequencer"] < objects[1]["sequencer"]


def test_a_signed_form_puts_its_object_and_tells_the_queue(cloud: LocalCloud, form: dict[str, Any]) -> None:
    picture = bytes(range(0xFF, 0xFF - 90, -1))
    answer = _post(form, picture)
    assert answer.status_code == 204, answer.text
    stored = cloud.client("s3").get_object(Bucket=BUCKET, Key=KEY)
    assert (stored["Body"].read(), stored["ContentType"]) == (picture, "image/jpeg")
    [body] = _told(cloud)
    [record] = body["Records"]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Post")
    assert (record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]) == (BUCKET, KEY)
    assert record["s3"]["object"]["size"] == 90


@pytest.mark.parametrize(
    ("body", "changed", "code"),
    [
        (bytes(101), {}, "EntityTooLarge"),
        (b"", {}, "EntityTooSmall"),
        (b"1", {"key": "uploads/other.jpg"}, "AccessDenied"),
        (b"1", {"Content_Type": "text/html"}, "AccessDenied"),
        (b"1", {"acl": "public-read"}, "AccessDenied"),
    ],
)
def test_a_signed_form_is_good_for_what_was_signed_only(
    cloud: LocalCloud, form: dict[str, Any], body: bytes, changed: dict[str, str], code: str
) -> None:
    answer = _post(form, body, **changed)
    assert answer.status_code == (403 if code == "AccessDenied" else 400)
    assert f"<Code>{code}</Code>" in answer.text
    assert _told(cloud) == []


NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _signed(conditions: list[Any], expires: timedelta = timedelta(hours=1)) -> dict[str, str]:
    policy = json.dumps({"expiration": (NOW + expires).isoformat(), "conditions": conditions})
    return {"policy": base64.b64encode(policy.encode()).decode(), "key": "a/b"}


OWN = {"key": "a/b"}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (_signed([OWN]), None),
        (_signed([OWN, {"bucket": "b"}]), None),
        (_signed([["starts-with", "$key", "a/"], ["eq", "$Content-Type", "x"]]) | {"content-type": "x"}, None),
        (_signed([OWN]) | {"x-ignore-me": "1", "x-amz-signature": "1"}, None),
        (_signed([OWN], timedelta(0)), "Policy expired."),
        (_signed([OWN, {"bucket": "other"}]), 'Policy Condition failed: {"bucket": "other"}'),
        (_signed([["starts-with", "$key", "b/"]]), 'Policy Condition failed: ["starts-with", "$key", "b/"]'),
        (_signed([{"acl": "private"}, OWN]), 'Policy Condition failed: {"acl": "private"}'),
        (_signed([OWN]) | {"X-Amz-Meta-A": "1"}, "Extra input fields: x-amz-meta-a"),
    ],
)
def test_a_policy_is_read_as_s3_reads_it(fields: dict[str, str], why: str | None) -> None:
    refused = refusal(fields, "b", 1, NOW)
    assert (refused and refused.message) == (why and f"Invalid according to Policy: {why}")


def test_a_form_without_a_policy_is_refused() -> None:
    refused = refusal({"key": "a/b"}, "b", 1, NOW)
    assert refused is not None
    assert refused.status == 403
