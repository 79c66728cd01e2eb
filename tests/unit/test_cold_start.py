"""What an import reads is what a cold start pays for."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = {
    "PIL",
    "aiohttp",
    "aws_xray_sdk",
    "boto3",
    "botocore.session",
    "httpx2",
    "jiter",
    "multipart",
    "openai",
    "pi_heif",
    "recommendation.lexicon",
    "thumbhash",
}


@pytest.mark.parametrize("module", ["recommendation.handler", "songs.handler", "operations.handler"])
def test_a_handler_imports_nothing_that_a_health_check_does_not_need(module: str) -> None:
    code = f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))
    assert module in loaded
    assert not loaded & HEAVY


def test_the_images_handler_imports_pillow_and_nothing_else_of_what_its_routes_need() -> None:
    """Pillow's 40 ms are a tenth of what the import takes; every route but the forms needs it at once."""
    code = "import images.handler, json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))
    assert loaded & HEAVY == {"PIL"}


def test_a_snapshot_holds_what_the_first_pictures_need() -> None:
    code = "from images import handler; handler.warm(); import json, sys; print(json.dumps(sorted(sys.modules)))"
    wired = {"STORAGE_BUCKET": "storage", "CACHE_TABLE": "cache", "AWS_DEFAULT_REGION": "eu-central-1"}
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code], env={**os.environ, **wired})))
    needed = {"PIL", "aiohttp", "boto3", "httpx2", "images.uploads", "images.variants", "thumbhash"}
    assert needed <= loaded


def test_who_sends_no_photo_does_not_wait_for_pillow() -> None:
    code = (
        "from recommendation import handler; handler.movies(); import json, sys; print(json.dumps(sorted(sys.modules)))"
    )
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))
    assert "recommendation.movies" in loaded
    assert "PIL" not in loaded


def test_the_authorizer_needs_neither_powertools_nor_pydantic() -> None:
    code = "import authorizer.handler, json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))
    assert not loaded & (HEAVY | {"pydantic", "aws_lambda_powertools"})
