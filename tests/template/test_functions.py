"""Template against code: handlers, environment, and which version callers reach."""

import functools
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from fanfare import settings
from local_cloud import deployment
from local_cloud.deployment import TEMPLATE, Deployment

ROOT = TEMPLATE.parent
READ_ELSEWHERE = {
    "LOG_LEVEL",
    "OPENBLAS_NUM_THREADS",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
}
"""Variables that libraries read; also everything that begins with POWERTOOLS_."""
OF_THE_AUTHORIZER = {"API_KEYS_TABLE"}


@functools.cache
def source() -> dict[str, Any]:
    """The template before the transform."""
    found: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return found


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: item["Properties"] for name, item in template["Resources"].items() if item["Type"] == kind}


def feature(handler: str) -> str:
    return handler.partition(".")[0]


def test_every_handler_can_be_imported(deployed: Deployment) -> None:
    for function in deployed.functions.values():
        module, _, name = function.handler.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name)), function.logical_id


def test_every_feature_is_deployed(deployed: Deployment) -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    assert {feature(function.handler) for function in deployed.functions.values()} == folders


def test_every_variable_is_one_that_the_code_reads(deployed: Deployment) -> None:
    for function in deployed.functions.values():
        known = (
            settings.ENVIRONMENT
            | READ_ELSEWHERE
            | (OF_THE_AUTHORIZER if feature(function.handler) == "authorizer" else set())
        )
        unknown = {name for name in function.environment if name not in known and not name.startswith("POWERTOOLS_")}
        assert not unknown, function.logical_id
        settings.Settings.read(function.environment)


def test_every_value_that_a_parameter_takes_is_one_that_the_code_reads(template: dict[str, Any]) -> None:
    tried = 0
    for properties in of_type(template, "AWS::Lambda::Function").values():
        for variable, value in properties["Environment"]["Variables"].items():
            name = value.get("Ref") if isinstance(value, dict) else None
            if variable not in settings.ENVIRONMENT or name not in template["Parameters"]:
                continue
            declared = template["Parameters"][name]
            bounds = [declared[bound] for bound in ("Default", "MinValue", "MaxValue") if bound in declared]
            for each in declared.get("AllowedValues", bounds):
                settings.Settings.read({variable: str(each)})
                tried += 1
    assert tried > 40


@pytest.mark.parametrize(
    ("voices", "good"),
    [
        ("", True),
        ("espeak.en=en-gb", True),
        ("polly.hi-IN=Kajal,openai.en=nova", True),
        ("Kajal", False),
        ("polly.hi-IN=", False),
        ("polly.Hindi=Kajal", False),
        ("polly.hi-IN=Kajal;openai.en=nova", True),  # one voice, of an odd name
        ("openai.en=${nova}", False),
    ],
)
def test_voices_are_refused_before_they_are_deployed(voices: str, good: bool) -> None:
    pattern = source()["Parameters"]["TtsVoices"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, voices)) == good
    if good:
        settings.Settings.read({"TTS_VOICES": voices})


def test_no_function_outlives_the_gateway(deployed: Deployment) -> None:
    """API Gateway gives up after 30 s, and after 10 s on an authorizer: a longer timeout only costs.

    A function that takes messages, too, may have more time for these; to requests it gives its budget.
    """
    limits = {route.function: 30 for route in deployed.routes}
    limits |= {authorizer.function: 10 for authorizer in deployed.authorizers.values() if authorizer.function}
    working = {trigger.function for trigger in deployed.queue_triggers}
    for logical_id, limit in limits.items():
        function = deployed.functions[logical_id]
        budget = float(function.environment.get("ROUTE_BUDGET_SECONDS", "inf" if logical_id not in working else "10"))
        assert min(function.timeout, budget + 1) <= limit, logical_id


# ---- versions


def test_callers_reach_published_snapshots(template: dict[str, Any], deployed: Deployment) -> None:
    """SnapStart works on published versions only, so nothing may call the unpublished one."""
    aliases = {alias["FunctionName"]["Ref"]: name for name, alias in of_type(template, "AWS::Lambda::Alias").items()}
    assert set(aliases) == set(deployed.functions)
    assert all(function.snap_start for function in deployed.functions.values())
    callers = [
        *of_type(template, "AWS::Lambda::Permission").values(),
        *of_type(template, "AWS::Lambda::EventSourceMapping").values(),
    ]
    assert callers
    assert {caller["FunctionName"]["Ref"] for caller in callers} <= set(aliases.values())
    body = str(of_type(template, "AWS::ApiGatewayV2::Api")["Api"]["Body"])
    assert set(re.findall(r"functions/\$\{(\w+)", body)) <= {*aliases.values(), "__FunctionArn__"}


def test_a_new_layer_is_a_new_version_of_the_functions_that_have_it(tmp_path: Path) -> None:
    def versions(template: Path) -> dict[str, str]:
        found = of_type(deployment.transform(template), "AWS::Lambda::Version")
        return {version["FunctionName"]["Ref"]: name for name, version in found.items()}

    functions = of_type(deployment.transform(), "AWS::Lambda::Function")

    def having(layer: str) -> set[str]:
        return {name for name, properties in functions.items() if f"'{layer.capitalize()}Layer" in str(properties)}

    changed = tmp_path / "template.yaml"
    before = versions(TEMPLATE)
    assert before.keys() == having("common") == having("vendor") > having("imaging")
    assert having("speech") == {"SpeechFunction"}
    assert having("media") == {"AnalysisFunction"}
    for layer in ("common", "vendor", "imaging", "media", "speech"):
        text = TEMPLATE.read_text()
        assert f"ContentUri: layers/{layer}\n" in text
        changed.write_text(text.replace(f"ContentUri: layers/{layer}\n", f"ContentUri: layers/{layer}2\n"))
        after = versions(changed)
        assert {name for name in before if before[name] != after[name]} == having(layer)


def parameters_in(value: Any, template: dict[str, Any]) -> set[str]:
    """Parameters that decide a value, through conditions too."""
    found = set()
    names = set(re.findall(r"\$\{(\w+)|'Ref': '(\w+)'|'Fn::If': \['(\w+)'", str(value)))
    for name in {name for group in names for name in group if name}:
        if name in template["Parameters"]:
            found.add(name)
        elif name in template["Conditions"]:
            found |= parameters_in(template["Conditions"][name], template)
    return found


def layers_named_in(description: Any) -> dict[str, dict[str, Any]]:
    """Layers that a version's description refers to, as the template has them before the transform."""
    names = re.findall(r"'Ref': '(\w+Layer)[0-9a-f]{10}'", str(description))
    return {name: source()["Resources"][name]["Properties"] for name in names}


def test_a_new_value_of_a_parameter_is_a_new_version(template: dict[str, Any]) -> None:
    """The description of a version, or of a layer, cannot be changed in place: CloudFormation publishes a new one."""
    described = {
        version["FunctionName"]["Ref"]: parameters_in(version["Description"], template).union(
            *(
                parameters_in(layer["Description"], template)
                for layer in layers_named_in(version["Description"]).values()
            )
        )
        for version in of_type(template, "AWS::Lambda::Version").values()
    }
    for name, properties in of_type(template, "AWS::Lambda::Function").items():
        assert parameters_in(properties, template) == described[name]


@pytest.mark.parametrize(("name", "value"), [("TtsModel", "other"), ("TtsCacheTtl", "60"), ("TtsEngines", "polly")])
def test_a_new_value_in_a_layer_s_description_is_another_layer(name: str, value: str) -> None:
    """SAM names layers by what they say, and the version's description names the layer."""

    def description(**parameters: str) -> str:
        template = deployment.transform(parameters=parameters)
        [layer] = re.findall(r"'Ref': '(SpeechLayer\w+)'", str(of_type(template, "AWS::Lambda::Version")))
        assert layer in of_type(template, "AWS::Lambda::LayerVersion")
        return str(layer)

    assert description(**{name: value}) != description() == description(SpeechMemory="2048")


def test_versions_and_layers_have_room_for_their_descriptions(template: dict[str, Any]) -> None:
    """256 characters, else the deployment fails."""

    def longest(name: str) -> int:
        if name not in template["Parameters"]:
            return len("999999")  # of a layer, its number
        declared = template["Parameters"][name]
        if "AllowedValues" in declared:
            return max(len(str(value)) for value in declared["AllowedValues"])
        return int(declared["MaxLength"]) if declared["Type"] == "String" else len(str(declared["MaxValue"]))

    for version in of_type(template, "AWS::Lambda::Version").values():
        text = version["Description"]["Fn::Sub"]
        names = re.findall(r"\$\{(\w+)\}", text if isinstance(text, str) else text[0])
        assert sum(map(longest, names)) + len(names) - 1 <= 256
        for layer in layers_named_in(text).values():
            separator, values = layer["Description"]["Fn::Join"]
            assert separator == " "
            assert sum(longest(value["Ref"]) for value in values) + len(values) - 1 <= 256


# ---- logs


def test_logs_are_kept_for_as_long_as_was_said() -> None:
    template = deployment.transform(parameters={"LogRetentionDays": "7"})
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    for properties in of_type(template, "AWS::Lambda::Function").values():
        assert properties["LoggingConfig"]["LogGroup"]["Ref"] in groups
