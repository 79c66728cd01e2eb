"""The bundle's OpenAPI 3.1 document, made from the routes in the code and kept beside the function that serves it.

Made at build time: no request should pay for what that imports. Source: https://spec.openapis.org/oas/v3.1.1.html
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel

from analysis import handler as analysis
from analysis.contract import AnalysisAnswer, AnalysisState, PageQuery, PlaylistAnswer
from fanfare.http_api import PROBLEM
from images import contract
from images import handler as images
from images.presets import PRESETS
from operations import handler as operations
from recommendation import handler as recommendation
from songs import handler as songs
from songs.contract import SongRequest
from speech import handler as speech
from speech.contract import JobState, SpeechAnswer

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
    merged = _merged([recommendation.app, images.app, speech.app, analysis.app, songs.app, operations.app])
    _describe_pictures(merged)
    _describe_speech(merged)
    _describe_analyses(merged)
    _describe_songs(merged)
    return json.dumps(merged, indent=1, ensure_ascii=False) + "\n"


def _merged(apps: Sequence[APIGatewayHttpResolver]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": INFO,
        "security": [{"key": []}],
        "paths": {},
        "components": {
            "schemas": {"ProblemDocument": PROBLEM_SCHEMA},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }
    refused = {"description": "A problem", "content": _content(PROBLEM, "ProblemDocument")}
    for app in apps:
        part = json.loads(
            app.get_openapi_json_schema(title=INFO["title"], version=INFO["version"], openapi_version="3.1.0")
        )
        schemas = part["components"]["schemas"].items()
        _add_schemas(document, {name: schema for name, schema in schemas if "ValidationError" not in name})
        for path, methods in part["paths"].items():
            document["paths"][GREEDY.get(path, path)] = methods
            for operation in methods.values():
                answered = {code: answer for code, answer in operation["responses"].items() if code < "400"}
                operation["responses"] = answered | {"default": refused}
                if app is operations.app:
                    operation["security"] = []
    return document


def _add_schemas(document: dict[str, Any], added: Mapping[str, Any]) -> None:
    """Raises ValueError for a name that two functions give to different things."""
    schemas = document["components"]["schemas"]
    for name, schema in added.items():
        known = schemas.setdefault(name, schema)
        if known.get("properties", {}).keys() != schema.get("properties", {}).keys():
            raise ValueError(f"{name} stands for two different things")


def _add_models(document: dict[str, Any], models: Iterable[type[BaseModel]]) -> None:
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        _add_schemas(document, schema.pop("$defs", {}) | {model.__name__: schema})


def _describe_pictures(document: dict[str, Any]) -> None:
    """Add what the routes that take and give pictures cannot say in types."""
    _add_models(document, (contract.PictureOptions, contract.PictureRequest, contract.Picture, contract.UploadState))
    options = document["components"]["schemas"]["PictureOptions"]["properties"]
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


def _describe_speech(document: dict[str, Any]) -> None:
    """Add what the routes with more than one kind of answer cannot say in types."""
    _add_models(document, (SpeechAnswer, JobState))
    paths = document["paths"]
    speak = paths["/api/v1/speech"]["post"]
    speak["parameters"] = [{"name": "prefer", "in": "header", "schema": {"type": "string"}, "description": PREFER}]
    speak["responses"]["200"]["content"] = _json("SpeechAnswer")
    speak["responses"]["202"] = {"description": "Accepted as a job; ask at Location", "content": _json("JobState")}
    audio = paths["/api/v1/speech/{audio_id}"]["get"]["responses"]
    del audio["200"]
    location = {"schema": {"type": "string", "format": "uri"}}
    audio["302"] = {"description": "Where the audio is, for a while", "headers": {"Location": location}}
    for operation in paths["/api/v1/jobs/{job_id}"].values():
        operation["responses"]["200"]["content"] = _json("JobState")


PREFER: Final = "respond-async for a job, wait for an answer however long the batch is (RFC 7240)"


def _describe_analyses(document: dict[str, Any]) -> None:
    """Add what the routes with more than one kind of answer cannot say in types."""
    _add_models(document, (AnalysisAnswer, AnalysisState, PageQuery, PlaylistAnswer))
    paths = document["paths"]
    start = paths["/api/v1/analyses"]["post"]["responses"]
    start["200"] = {"description": "Done or refused", "content": _json("AnalysisState")}
    start["202"] = {"description": "A form to upload with, or how far it is", "content": _json("AnalysisState")}
    query = document["components"]["schemas"].pop("PageQuery")["properties"]
    paths["/api/v1/analyses"]["get"]["parameters"] = [
        {"name": name, "in": "query", "schema": schema} for name, schema in query.items()
    ]
    shown = paths["/api/v1/analyses/{analysis_id}"]
    either = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("AnalysisAnswer", "AnalysisState")]}
    packed = {"schema": {"type": "string", "contentMediaType": "application/vnd.msgpack"}}
    shown["get"]["responses"] |= {
        "200": {
            "description": "Done or refused",
            "content": {"application/json": {"schema": either}, "application/vnd.msgpack": packed},
        },
        "202": {"description": "Under way; ask again", "content": _json("AnalysisState")},
        "304": {"description": "Unchanged"},
    }
    shown["delete"]["responses"] |= {"204": {"description": "It is in no playlist from now on"}}
    del shown["delete"]["responses"]["200"]
    drawn = paths["/api/v1/analyses/{analysis_id}/plot.svg"]["get"]["responses"]
    drawn["200"]["content"] = {"image/svg+xml": {"schema": {"type": "string"}}}
    drawn["304"] = {"description": "Unchanged"}
    written = {
        name: {"schema": {"type": "string"}} for name in ("application/vnd.apple.mpegurl", "application/xspf+xml")
    }
    paths["/api/v1/playlists"]["post"]["responses"]["200"]["content"] = _json("PlaylistAnswer") | written


def _describe_songs(document: dict[str, Any]) -> None:
    """Add the body that is JSON or a form with a photo."""
    _add_models(document, (SongRequest,))
    options = document["components"]["schemas"]["SongRequest"]["properties"]
    plain = {name: schema for name, schema in options.items() if name not in {"mood", "key"}}
    form = {"type": "object", "required": ["photo"], "properties": {"photo": PICTURE["image/*"]["schema"], **plain}}
    for path in ("/api/v1/songs/recommend", "/api/analyze"):
        content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
        if path != "/api/analyze":
            content |= _json("SongRequest")
        document["paths"][path]["post"]["requestBody"] = {"required": True, "content": content}


def _json(schema: str) -> dict[str, Any]:
    return _content("application/json", schema)


def _content(media_type: str, schema: str) -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}
