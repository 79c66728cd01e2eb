"""`python -m local_cloud.aws_server FD URL`: moto's AWS on an inherited, listening socket, until it is killed.

Of moto's S3 three things are made truer than it has them: in notifications, keys are encoded as S3 encodes them ("/"
stays) and carry a sequencer; those for functions go to the Lambda API at URL; and a signed form lets in only what its
policy allows.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import itertools
import json
import logging
import sys
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3 import notifications
from moto.s3.responses import S3Response
from werkzeug.serving import make_server

from local_cloud.post_policy import refusal

_sequence = itertools.count(1)
_moto_event = notifications._get_s3_event
_moto_post = S3Response._bucket_response_post


def s3_event(event_name: str, bucket: Any, key: Any, notification_id: str) -> dict[str, Any]:
    """Return the event of one object as S3 words it."""
    event = _moto_event(event_name, bucket, key, notification_id)
    for record in event["Records"]:
        record["s3"]["object"] |= {"key": quote_plus(key.name, safe="/*"), "sequencer": f"{next(_sequence):018X}"}
    return event


def post(response: S3Response, request: Any, bucket_name: str) -> tuple[int, dict[str, Any], str | bytes]:
    """Answer a POST to a bucket: a form that its policy does not allow is refused."""
    if request.mimetype == "multipart/form-data":
        refused = refusal(request.form, bucket_name, len(response.body), datetime.now(UTC))
        if refused:
            return refused.status, {"content-type": "application/xml"}, refused.body
    return _moto_post(response, request, bucket_name)


class _FunctionNotifier:
    def __init__(self, lambda_endpoint: str) -> None:
        self._endpoint = lambda_endpoint

    def __call__(self, account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:
        request = urllib.request.Request(  # noqa: S310  (loopback)
            f"{self._endpoint}/2015-03-31/functions/{quote(fn_arn, safe='')}/invocations",
            data=json.dumps(event_body).encode(),
            headers={"x-amz-invocation-type": "Event"},
        )
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310


def main() -> None:
    """Serve."""
    descriptor, lambda_endpoint = int(sys.argv[1]), sys.argv[2]
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    notifications._get_s3_event = s3_event
    S3Response._bucket_response_post = post  # type: ignore[assignment, method-assign]
    notifications._invoke_awslambda = _FunctionNotifier(lambda_endpoint)
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler, fd=descriptor)
    server.serve_forever()


if __name__ == "__main__":
    main()
