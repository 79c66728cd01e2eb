"""What `fanfare build` does around `sam build`, on folders that look like its output."""

import importlib.util
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from local_cloud import build, deployment
from local_cloud.deployment import TEMPLATE

IGNORED = shutil.ignore_patterns("__pycache__")
SMALL = """
Globals: { Function: { Layers: [!Ref CommonLayer] } }
Resources:
  Table: { Type: AWS::DynamoDB::Table }
  CommonLayer: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: CommonLayer } }
  OwnLayer: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: OwnLayer } }
  ShortFunction: { Type: AWS::Serverless::Function, Properties: { CodeUri: Code } }
  OwnFunction: { Type: AWS::Serverless::Function, Properties: { CodeUri: Code, Layers: [!Ref OwnLayer] } }
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the sources as they are, which no test changes."""
    folder = tmp_path_factory.mktemp("built")
    template = yaml_parse(TEMPLATE.read_text())
    for logical_id, resource in template["Resources"].items():
        match resource["Type"]:
            case "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = "Code"
            case "AWS::Serverless::LayerVersion":
                source = build.ROOT / resource["Properties"]["ContentUri"]
                resource["Properties"]["ContentUri"] = logical_id
                shutil.copytree(source, folder / logical_id / "python", ignore=IGNORED)
    shutil.copytree(build.ROOT / "functions", folder / "Code", ignore=IGNORED)
    (folder / "template.yaml").write_text(yaml.safe_dump(template))
    return folder


@pytest.fixture
def output(built: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(built, tmp_path / "output")


def test_a_function_weighs_its_code_the_common_layers_and_its_own(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(SMALL)
    for place, size in (("Code", 1), ("CommonLayer/python", 20), ("OwnLayer/python", 300)):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "data.bin").write_bytes(bytes(size * 100_000))
    short, own = build.artifacts(tmp_path)
    assert (short.function, short.code, own.function) == ("ShortFunction", tmp_path / "Code", "OwnFunction")
    assert short.layers == (tmp_path / "CommonLayer",)
    assert own.layers == (tmp_path / "CommonLayer", tmp_path / "OwnLayer")
    assert own.bytes - short.bytes >= 30_000_000 > short.bytes >= 2_100_000


def test_the_layers_of_each_function_are_those_that_sam_gives_it() -> None:
    """CloudFormation knows them by names with a hash of their content."""
    resources = deployment.transform()["Resources"]
    deployed = {
        name: [re.sub(r"[0-9a-f]{10}$", "", layer["Ref"]) for layer in resource["Properties"]["Layers"]]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    assert deployed == build._layers(yaml_parse(TEMPLATE.read_text()))


def test_an_up_to_date_build_lacks_nothing(built: Path) -> None:
    assert build.lacking(built) == ""


@pytest.mark.parametrize("change", ["edit", "delete"])
@pytest.mark.parametrize(
    "place",
    ["Code/authorizer/keys.py", "CommonLayer/python/fanfare/aws.py", "ImagingLayer/python/requirements.txt"],
)
def test_a_stale_build_is_noticed(output: Path, change: str, place: str) -> None:
    if change == "edit":
        (output / place).write_text("old")
    else:
        (output / place).unlink()
    assert Path(place).name in build.lacking(output)


def test_a_build_with_other_layers_is_noticed(output: Path) -> None:
    built = output / "template.yaml"
    template = yaml.safe_load(built.read_text())
    template["Resources"]["RecommendationFunction"]["Properties"]["Layers"] = []
    built.write_text(yaml.safe_dump(template))
    assert "built before template.yaml changed" in build.lacking(output)


def test_no_build_is_noticed(tmp_path: Path) -> None:
    assert "nothing is built" in build.lacking(tmp_path)


def test_bytecode_outlives_the_loss_of_times_and_names_lambda_s_paths(tmp_path: Path) -> None:
    source = tmp_path / "python" / "module.py"
    source.parent.mkdir()
    source.write_text("VALUE = 1\n")
    build._compile(tmp_path, "/opt")
    os.utime(source, (0, 0))
    bytecode = Path(importlib.util.cache_from_source(str(source), optimization="")).read_bytes()
    assert int.from_bytes(bytecode[4:8], "little") == 1
    assert b"/opt/python/module.py" in bytecode
    assert str(tmp_path).encode() not in bytecode


def test_tests_and_commands_of_packages_are_left_out(tmp_path: Path) -> None:
    for place in ("package/tests/data/tests", "package/part/tests", "package/test", "package/testing", "bin"):
        (tmp_path / "python" / place).mkdir(parents=True)
    build._slim(tmp_path)
    assert {path.name for path in (tmp_path / "python").glob("**/*")} == {"package", "part", "testing"}


def test_services_of_aws_that_are_never_called_are_left_out(tmp_path: Path) -> None:
    for service in ("dynamodb", "ec2", "s3"):
        (tmp_path / build._SERVICES / service).mkdir(parents=True)
    (tmp_path / build._SERVICES / "endpoints.json").touch()
    build._slim(tmp_path)
    assert {path.name for path in (tmp_path / build._SERVICES).iterdir()} == {"dynamodb", "s3", "endpoints.json"}


def test_a_module_that_does_not_compile_stops_the_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.py").write_text("def\n")
    with pytest.raises(build.BuildError, match="does not compile"):
        build._compile(tmp_path, "/var/task")
    assert "broken.py" in capsys.readouterr().out
