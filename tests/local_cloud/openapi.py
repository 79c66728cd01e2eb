"""The bundle's OpenAPI 3.1 document, made from the routes in the code and kept beside the function that serves it.

Made at build time: no request should pay for what that imports. Source: https://spec.openapis.org/oas/v3.1.1.html
"""

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from fanfare.http_api import PROBLEM
from images import contract
from images import handler as images
from images.presets import PRESETS
from operations import handler as operations
from recommendation import handler as recommendation

PATH: Final = operations.OPENAPI
INFO: Final = {"title": "Fanfare", "version": version("fanfare")}
PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "success", "error"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "success": {"const": False},
        "error": {"type": "string", "description": "The same as detail"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

GREEDY: Final = {
    "/api/v1/images/{preset}/.+": "/api/v1/images/{preset}/{source}",
    "/api/v1/uploads/.+": "/api/v1/uploads/{key}",
}
"""Paths whose last parameter may hold slashes, as the code and as the document write them."""
PICTURE: Final = {"image/*": {"schema": {"type": "string", "contentMediaType": "image/*"}}}


def document() -> str:
    """Return the document as it should stand in `PATH`."""
    merged = _merged([recommendation.app, images.app, operations.app])
    _describe_pictures(merged)
    return json.dumps(merged, indent=1, ensure_ascii=False) + "\n"


def _merged(apps: Sequence[APIGatewayHttpResolver]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": INFO,
        "security": [{"key": []}],
        "paths": {},
        "components": {
            "schemas": {"Problem": PROBLEM_SCHEMA},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }
    refused = {"description": "A problem", "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for app in apps:
        part = json.loads(
            app.get_openapi_json_schema(title=INFO["title"], version=INFO["version"], openapi_version="3.1.0")
        )
        document["components"]["schemas"] |= {
            name: schema for name, schema in part["components"]["schemas"].items() if "ValidationError" not in name
        }
        for path, methods in part["paths"].items():
            document["paths"][GREEDY.get(path, path)] = methods
            for operation in methods.values():
                answered = {code: answer for code, answer in operation["responses"].items() if code < "400"}
                operation["responses"] = answered | {"default": refused}
                if "operations" in operation.get("tags", ()):
                    operation["security"] = []
    return document


def _describe_pictures(document: dict[str, Any]) -> None:
    """Add what the routes that take and give pictures cannot say in types."""
    schemas = document["components"]["schemas"]
    for model in (contract.PictureOptions, contract.PictureRequest, contract.Picture, contract.UploadState):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    options = schemas["PictureOptions"]["properties"]
    form = {"type": "object", "required": ["image"], "properties": {"image": PICTURE["image/*"]["schema"], **options}}
    optimize = document["paths"]["/api/v1/images/optimize"]["post"]
    optimize["parameters"] = [{"name": name, "in": "query", "schema": schema} for name, schema in options.items()]
    optimize["requestBody"] = {
        "required": True,
        "content": {**PICTURE, "multipart/form-data": {"schema": form}, **_json("PictureRequest")},
    }
    optimize["responses"]["200"]["content"] = {**PICTURE, **_json("Picture")}
    variant = document["paths"]["/api/v1/images/{preset}/{source}"]["get"]
    variant["parameters"] = [_in_path("preset", {"enum": list(PRESETS)}), _in_path("source", {"type": "string"})]
    variant["responses"]["200"]["content"] = PICTURE
    variant["responses"]["304"] = {"description": "Unchanged"}
    variant["security"] = []
    state = document["paths"]["/api/v1/uploads/{key}"]["get"]
    state["parameters"] = [_in_path("key", {"type": "string"})]
    state["responses"] |= {
        code: {"description": text, "content": _json("UploadState")} for code, text in STATES.items()
    }


STATES: Final = {"200": "Done or refused", "202": "Pending; ask again"}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}
