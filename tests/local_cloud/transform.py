"""SAM's own transform, the code that runs in CloudFormation, on a template of this project."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from samtranslator.metrics.metrics import Metrics
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE: Final = Path(__file__).parents[2] / "template.yaml"


class UnreadableTemplateError(ValueError):
    """A parameter or resource that cannot be read; its name is in the message."""


def transform(
    template: Path = TEMPLATE,
    parameters: Mapping[str, str] = {},
    *,
    region: str = "us-east-1",
    account: str = "123456789012",
) -> dict[str, Any]:
    """Return the template as CloudFormation after the SAM transform, intrinsic functions intact."""
    found: dict[str, Any] = json.loads(
        _transformed(template.read_text(), tuple(sorted(parameters.items())), region, account)
    )
    return found


@functools.lru_cache(maxsize=64)
def _transformed(template: str, parameters: tuple[tuple[str, str], ...], region: str, account: str) -> str:
    """Return it as JSON: kept, since one process asks for the same ones often, and copied by whoever reads it."""
    source = yaml_parse(template)
    for resource in source["Resources"].values():
        _point_code_at_s3(resource)
    _point_code_at_s3({"Properties": source.get("Globals", {}).get("Function", {})})
    values = parameter_values(source, dict(parameters)) | {
        "AWS::AccountId": account,
        "AWS::Partition": "aws",
        "AWS::Region": region,
    }
    metrics = Metrics()
    translator = Translator(None, Parser(), boto_session=_Region(region), metrics=metrics)
    transformed = translator.translate(sam_template=source, parameter_values=values)
    metrics.publish()  # to nobody; it warns if nothing is done with them
    return json.dumps(transformed)


def parameter_values(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return a text for every parameter the template declares; raises `UnreadableTemplateError` naming a wrong one."""
    declared = template.get("Parameters", {})
    if unknown := given.keys() - declared.keys():
        raise UnreadableTemplateError(f"unknown parameters: {', '.join(sorted(unknown))}")
    values = {}
    for name, parameter in declared.items():
        if name not in given and "Default" not in parameter:
            raise UnreadableTemplateError(f"parameter {name} has no value")
        values[name] = str(given.get(name, parameter.get("Default")))
        allowed = [str(value) for value in parameter.get("AllowedValues", [])]
        if allowed and values[name] not in allowed:
            raise UnreadableTemplateError(f"parameter {name} must be one of {', '.join(allowed)}")
    return values


class _Region:
    """What the translator asks of a boto session: in which region it deploys."""

    def __init__(self, region: str) -> None:
        self.region_name = region


def _point_code_at_s3(resource: dict[str, Any]) -> None:
    """Stand in for `sam package`: the transform takes no local folder."""
    properties = resource.get("Properties", {})
    for name in ("CodeUri", "ContentUri"):
        if isinstance(properties.get(name), str):
            properties[name] = f"s3://code/{properties[name]}"
