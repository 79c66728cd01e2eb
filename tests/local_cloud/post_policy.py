"""What S3 lets in by a signed form: the policy in it, which moto does not look at. Signatures are not checked.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from xml.sax.saxutils import escape

_UNBOUND: Final = {"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"}
"""Fields that no condition needs to name; also those that begin with x-ignore-."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as S3 words it."""

    status: int
    code: str
    message: str

    @property
    def body(self) -> str:
        """The answer's XML."""
        return f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"


def refusal(form: Mapping[str, str], bucket: str, size: int, now: datetime) -> Refusal | None:
    """Return why S3 does not take a file of `size` bytes with these form fields, or None if it does."""
    fields = {name.lower(): value for name, value in form.items()} | {"bucket": bucket}
    if "policy" not in fields:
        return Refusal(403, "AccessDenied", "Access Denied")
    policy = json.loads(base64.b64decode(fields["policy"]))
    if datetime.fromisoformat(policy["expiration"]) <= now:
        return _invalid("Policy expired.")
    named = set()
    for condition in policy["conditions"]:
        kind, name, wanted = _parts(condition)
        if kind == "content-length-range":
            if size < int(name):
                return Refusal(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
            if size > int(wanted):
                return Refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
            continue
        named.add(name)
        value = fields.get(name, "")
        if not (value.startswith(wanted) if kind == "starts-with" else value == wanted):
            return _invalid(f"Policy Condition failed: {json.dumps(condition)}")
    extra = {name for name in fields if not name.startswith("x-ignore-")} - named - _UNBOUND - {"bucket"}
    return _invalid(f"Extra input fields: {', '.join(sorted(extra))}") if extra else None


def _parts(condition: Any) -> tuple[str, Any, Any]:
    """Kind, field and value; of a range of lengths its kind and both ends."""
    if isinstance(condition, dict):
        [(name, value)] = condition.items()
        return "eq", name.lower(), value
    kind, name, value = condition
    return kind.lower(), name.removeprefix("$").lower() if isinstance(name, str) else name, value


def _invalid(why: str) -> Refusal:
    return Refusal(403, "AccessDenied", f"Invalid according to Policy: {why}")
