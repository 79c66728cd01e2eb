"""The reader of the template: it resolves what is there, and says by name what it does not know."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud import deployment
from local_cloud.deployment import BucketTrigger, UnreadableTemplateError
from local_cloud.intrinsics import NO_VALUE, Resolver, UnknownIntrinsicError

RESOURCES = {
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
    "Named": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${AWS::StackName}-x"}}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
    "Worker": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "worker"}},
    "Live": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Worker"}, "Name": "live"}},
    "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {}},
}
TEMPLATE = {
    "Parameters": {"Word": {"Type": "String"}, "Words": {"Type": "CommaDelimitedList"}},
    "Mappings": {"Sizes": {"small": {"mb": 128}}},
    "Conditions": {
        "Hello": {"Fn::Equals": [{"Ref": "Word"}, "hello"]},
        "NotHello": {"Fn::Not": [{"Condition": "Hello"}]},
        "Either": {"Fn::Or": [{"Condition": "Hello"}, {"Condition": "NotHello"}]},
        "Both": {"Fn::And": [{"Condition": "Hello"}, {"Condition": "NotHello"}]},
    },
    "Resources": RESOURCES,
}


def resolver() -> Resolver:
    parameters = {"Word": "hello", "Words": "a,b"}
    return Resolver(TEMPLATE, parameters, region="eu-west-1", account="42", queue_url=lambda name: f"http://q/{name}")


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Word"}, "hello"),
        ({"Ref": "Words"}, ["a", "b"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "Table"}, "fanfare-Table"),
        ({"Ref": "Named"}, "fanfare-x"),
        ({"Ref": "Queue"}, "http://q/fanfare-Queue"),
        ({"Ref": "Live"}, "arn:aws:lambda:eu-west-1:42:function:worker:live"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:aws:sqs:eu-west-1:42:fanfare-Queue"),
        ({"Fn::GetAtt": "Table.Arn"}, "arn:aws:dynamodb:eu-west-1:42:table/fanfare-Table"),
        (
            {"Fn::Sub": "${Word} ${Table.Arn} ${!Word}"},
            "hello arn:aws:dynamodb:eu-west-1:42:table/fanfare-Table ${Word}",
        ),
        ({"Fn::Sub": ["${a}/${Word}", {"a": {"Ref": "Queue"}}]}, "http://q/fanfare-Queue/hello"),
        ({"Fn::Join": ["-", [{"Ref": "Word"}, "b"]]}, "hello-b"),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", "small", "mb"]}, 128),
        ({"Fn::If": ["Hello", 1, {"Fn::Nothing": 0}]}, 1),
        ({"Fn::If": ["NotHello", 1, 2]}, 2),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ([1, {"Ref": "AWS::NoValue"}], [1]),
        ({"a": {"Fn::If": ["NotHello", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        pytest.param({"Ref": "AWS::NoValue"}, NO_VALUE, id="no value"),
    ],
    ids=str,
)
def test_functions_are_resolved(value: Any, resolved: Any) -> None:
    assert resolver().resolve(value) == resolved


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue"),
        ({"Ref": "Nowhere"}, "Nowhere"),
        ({"Ref": "Alarm"}, "AWS::CloudWatch::Alarm"),
        ({"Fn::GetAtt": ["Table", "StreamArn"]}, "Table.StreamArn"),
        ({"Fn::Sub": "${Nowhere}"}, "Nowhere"),
        ({"Fn::If": ["Never", 1, 2]}, "Never"),
        ({"Fn::FindInMap": ["Sizes", "big", "mb"]}, "big"),
    ],
    ids=str,
)
def test_what_is_not_known_is_named(value: Any, named: str) -> None:
    with pytest.raises(UnknownIntrinsicError, match=named):
        resolver().resolve(value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=2), inner),
)


@given(plain)
def test_plain_values_stay_as_they_are(value: Any) -> None:
    assert resolver().resolve(value) == value


SMALL = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: worker
      CodeUri: functions/
      Handler: worker.handler
      Runtime: python3.13
      Timeout: 3
      MemorySize: 128
      Environment: { Variables: { A: 1 } }
  Jobs:
    Type: AWS::SQS::Queue
  Files:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        QueueConfigurations:
          - Event: s3:ObjectCreated:*
            Queue: !GetAtt Jobs.Arn
            Filter: { S3Key: { Rules: [{ Name: prefix, Value: uploads/ }, { Name: suffix, Value: .jpg }] } }
        LambdaConfigurations:
          - { Event: s3:ObjectRemoved:*, Function: !GetAtt Worker.Arn }
"""


def read(tmp_path: Path, text: str, **parameters: str) -> deployment.Deployment:
    file = tmp_path / "template.yaml"
    file.write_text(text)
    return deployment.read(file, parameters, queue_url=lambda name: f"http://q/{name}")


def test_a_bucket_tells_a_queue_and_a_function(tmp_path: Path) -> None:
    found = read(tmp_path, SMALL)
    assert found.bucket_triggers == (
        BucketTrigger("Files", ("s3:ObjectCreated:*",), "uploads/", ".jpg", queue="Jobs", function=None),
        BucketTrigger("Files", ("s3:ObjectRemoved:*",), "", "", queue=None, function="Worker"),
    )
    assert found.functions["Worker"].environment == {"A": "1"}
    assert found.cors is None
    assert not found.routes


def test_the_environment_gets_the_queue_s_address(tmp_path: Path) -> None:
    found = read(tmp_path, SMALL.replace("A: 1", "A: !Ref Jobs"))
    assert found.functions["Worker"].environment == {"A": "http://q/fanfare-Jobs"}


def test_an_unknown_resource_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTemplateError, match=r"Topic.*AWS::SNS::Topic"):
        read(tmp_path, f"{SMALL}\n  Topic:\n    Type: AWS::SNS::Topic\n")


def test_a_resource_whose_condition_fails_is_not_there(tmp_path: Path) -> None:
    conditional = SMALL.replace("  Jobs:\n", "  Spare:\n    Type: AWS::SQS::Queue\n    Condition: Never\n  Jobs:\n")
    assert "Spare" not in read(tmp_path, f"Conditions: {{ Never: !Equals [a, b] }}\n{conditional}").queues


def test_a_parameter_without_a_value_is_named(tmp_path: Path) -> None:
    text = f"Parameters: {{ Colour: {{ Type: String }} }}\n{SMALL}"
    with pytest.raises(UnreadableTemplateError, match="Colour"):
        read(tmp_path, text)
    assert read(tmp_path, text, Colour="red").parameters == {"Colour": "red"}


def test_a_trigger_to_somewhere_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTemplateError, match="arn:aws:sqs:us-east-1:1:other"):
        read(tmp_path, SMALL.replace("!GetAtt Jobs.Arn", "arn:aws:sqs:us-east-1:1:other"))
