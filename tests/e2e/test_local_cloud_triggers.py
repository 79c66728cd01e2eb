"""Queues and buckets that invoke functions, and the tables and secrets beside them."""

import json
import time
from typing import Any

import pytest

from local_cloud.cloud import LocalCloud
from local_cloud.pool import InvokeResult
from local_cloud.triggers import failures


def _records(cloud: LocalCloud) -> list[dict[str, Any]]:
    """What the consumer was told of, in order."""
    items = cloud.client("dynamodb").scan(TableName="fanfare-table", ConsistentRead=True)["Items"]
    return [json.loads(item["record"]["S"]) for item in sorted(items, key=lambda item: str(item["pk"]["S"]))]


def _wait(cloud: LocalCloud, wanted: int, of: str) -> list[dict[str, Any]]:
    """Wait for so many records that contain `of`."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [record for record in _records(cloud) if of in json.dumps(record)]
        if len(found) >= wanted:
            return found
        time.sleep(0.1)
    raise AssertionError(f"fewer than {wanted} records with {of}: {_records(cloud)}")


def _url(cloud: LocalCloud, logical_id: str) -> str:
    url: str = cloud.client("sqs").get_queue_url(QueueName=cloud.deployment.queues[logical_id]["QueueName"])["QueueUrl"]
    return url


def test_only_the_failed_message_comes_back_and_ends_in_the_dead_letter_queue(small_cloud: LocalCloud) -> None:
    sqs, url = small_cloud.client("sqs"), _url(small_cloud, "Queue")
    attributes = {
        "Text": {"DataType": "String", "StringValue": "x"},
        "Bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    entries = [
        {"Id": "1", "MessageBody": "good one", "MessageAttributes": attributes},
        {"Id": "2", "MessageBody": "bad"},
        {"Id": "3", "MessageBody": "good two"},
    ]
    sent = {
        each["Id"]: each["MessageId"] for each in sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
    }
    deadline = time.monotonic() + 30
    while small_cloud.queue_depth("DeadLetterQueue") < 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (small_cloud.queue_depth("Queue"), small_cloud.queue_depth("DeadLetterQueue")) == (0, 1)
    (dead,) = sqs.receive_message(QueueUrl=_url(small_cloud, "DeadLetterQueue"))["Messages"]
    assert (dead["MessageId"], dead["Body"]) == (sent["2"], "bad")

    records = [record for record in _records(small_cloud) if record.get("eventSource") == "aws:sqs"]
    told = {number: [record for record in records if record["messageId"] == sent[number]] for number in sent}
    assert {number: len(each) for number, each in told.items()} == {"1": 1, "2": 2, "3": 1}
    assert [record["attributes"]["ApproximateReceiveCount"] for record in told["2"]] == ["1", "2"]
    (record,) = told["1"]
    assert record["body"] == "good one"
    queue_name = small_cloud.deployment.queues["Queue"]["QueueName"]
    assert record["eventSourceARN"] == f"arn:aws:sqs:us-east-1:123456789012:{queue_name}"
    assert record["messageAttributes"] == {
        "Text": {"dataType": "String", "stringValue": "x", "stringListValues": [], "binaryListValues": []},
        "Bytes": {"dataType": "Binary", "binaryValue": "AP8=", "stringListValues": [], "binaryListValues": []},
    }


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b"}),
        ({"batchItemFailures": [{"bad key": "a"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, {"a", "b"}),
        ({"batchItemFailures": 7}, {"a", "b"}),
        ("text", {"a", "b"}),
    ],
)
def test_a_report_of_failures_is_read_as_lambda_reads_it(answer: object, failed: set[str]) -> None:
    result = InvokeResult("1", json.dumps(answer).encode(), None, cold=False, init_seconds=0, seconds=0)
    assert failures(result, ["a", "b"], report_failures=True) == failed
    assert failures(result, ["a", "b"], report_failures=False) == set()


def test_a_function_that_fails_fails_the_batch() -> None:
    result = InvokeResult("1", b"{}", "Unhandled", cold=False, init_seconds=0, seconds=0)
    assert failures(result, ["a", "b"], report_failures=True) == {"a", "b"}


def test_an_upload_tells_a_function(small_cloud: LocalCloud) -> None:
    small_cloud.client("s3").put_object(Bucket="fanfare-uploads", Key="notes/told you.txt", Body=b"123")
    (record,) = _wait(small_cloud, 1, of="told+you")
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["bucket"]["name"] == "fanfare-uploads"
    assert record["s3"]["object"]["key"] == "notes/told+you.txt"


def test_a_table_is_as_the_template_has_it(small_cloud: LocalCloud) -> None:
    dynamodb = small_cloud.client("dynamodb")
    table = dynamodb.describe_table(TableName="fanfare-table")["Table"]
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    lifetime = dynamodb.describe_time_to_live(TableName="fanfare-table")["TimeToLiveDescription"]
    assert lifetime == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
