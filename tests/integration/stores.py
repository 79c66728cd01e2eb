"""Tables, buckets and queues in the emulator, for one test each."""

import functools
from typing import Any

import boto3


@functools.cache
def client(service: str, url: str) -> Any:
    """Return a client of the tests' own, for all of them: to make one takes longer than what it is asked for here."""
    return boto3.client(service, "us-east-1", endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test")


def table(url: str, name: str, *, sorted_by: str = "") -> str:
    """Create a table with the key `pk`, and a sort key if there is one; return its name."""
    keys = {"pk": "HASH"} | ({sorted_by: "RANGE"} if sorted_by else {})
    client("dynamodb", url).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def bucket(url: str, name: str) -> str:
    """Create a bucket; return its name."""
    client("s3", url).create_bucket(Bucket=name)
    return name


def queue(url: str, name: str) -> str:
    """Create a queue; return its URL."""
    created: str = client("sqs", url).create_queue(QueueName=name)["QueueUrl"]
    return created
