"""What API Gateway and SQS hand to a function, and the context beside it."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Context:
    """The part of Lambda's context that the functions read."""

    seconds: float = 20.0
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"
    function_name: str = "function"
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    memory_limit_in_mb: str = "1024"
    _began: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        return int((self.seconds - (time.monotonic() - self._began)) * 1000)


def http_event(method: str, path: str, body: object = None, headers: Mapping[str, str] = {}) -> dict[str, Any]:
    """An HTTP API event, payload 2.0; a `body` that is no string is sent as JSON."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", **headers},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t"},
            "stage": "$default",
            "requestId": "r",
            "routeKey": f"{method} {path}",
        },
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def queue_event(bodies: Iterable[str], *, receives: int = 1) -> dict[str, Any]:
    """An SQS event, whose messages were received so often."""
    return {
        "Records": [
            {
                "messageId": str(number),
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
            }
            for number, body in enumerate(bodies)
        ]
    }
