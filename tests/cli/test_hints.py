import json

import pytest

from bot.hints import annotation_hints
from strategies.hints import Hints
from strategies.refusal import Refusal
from strategies.spec import RouterName, Strategy

PROBE = {
    "url": "http://hi.k8sdemo.com:31721/hello",
    "method": "POST",
    "body": {"name": "fromGW"},
    "connect": "172.30.0.1:31721",
    "attribute": {"header": "X-Version"},
    "timeout": "500ms",
    "rate": 500,
}


def found(**annotations: str) -> Hints:
    hints = annotation_hints({f"graylight/{name}": text for name, text in annotations.items()})
    assert isinstance(hints, Hints), str(hints)
    return hints


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_a_probe_in_json_is_read(indent: int | str | None) -> None:
    probe = found(probe=json.dumps(PROBE, indent=indent)).probe
    assert probe is not None
    assert (probe.method, probe.body, probe.connect) == ("POST", '{"name":"fromGW"}', "172.30.0.1:31721")
    assert (probe.timeout, probe.rate) == (0.5, 500)
    assert probe.attribute is not None
    assert probe.attribute.header == "X-Version"


def test_a_probe_in_yaml_is_the_same() -> None:
    text = """
url: http://hi.k8sdemo.com:31721/hello
method: post
body: {name: fromGW}
connect: 172.30.0.1:31721
attribute: {header: X-Version}
timeout: 500ms
rate: 500
"""
    assert found(probe=text) == found(probe=json.dumps(PROBE))


@pytest.mark.parametrize("text", ["25,50,100", " 25, 50, 100 ", "[25, 50, 100]", "25%,50%,100%"])
def test_steps_are_a_list_or_numbers_with_commas(text: str) -> None:
    assert found(steps=text).steps == (25, 50, 100)


def test_names_are_read_and_other_annotations_are_nobodys_business() -> None:
    hints = annotation_hints(
        {
            "graylight/container": "web",
            "graylight/router": "Ratio",
            "graylight/strategy": "blue-green",
            "graylight/service": "shop",
            "graylight/base": "web",
            "graylight/release": "web-3",
            "probe": "{",
            "example.com/steps": "x",
        }
    )
    assert hints == Hints(container="web", router=RouterName.RATIO, strategy=Strategy.BLUEGREEN)


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("probe", '{"url": "http://x", "timeout": "2y"}', "Annotation `graylight/probe`, field `timeout` (line 1, column 32): '2y' is no duration"),
        ("probe", "url: http://x\nmethd: GET", "Annotation `graylight/probe`, field `methd` (line 2, column 1): There is no field `methd`."),
        ("probe", "{}", "Annotation `graylight/probe`: It must be a mapping of fields."),
        ("probe", "http://x", "Annotation `graylight/probe`: It must be a mapping of fields."),
        ("probe", '{"url"', "Annotation `graylight/probe` (line 1, column "),
        ("probe", '{"url": "http://x", "url": "http://y"}', "Annotation `graylight/probe`, field `url` (line 1, column 21): `url` is said twice"),
        ("probe", '{"url": "http://x", "connect": "here"}', "Annotation `graylight/probe`, field `connect`"),
        ("steps", "50,25", "Annotation `graylight/steps`: Steps ascend: 25 does not come after 50."),
        ("steps", "", "Annotation `graylight/steps`: Steps are numbers"),
        ("router", "nginxx", "Annotation `graylight/router`: `nginxx` is none of"),
        ("container", "Web", "Annotation `graylight/container`: `Web` is no container name"),
        ("strategy", "gray", "Annotation `graylight/strategy`: `gray` is none of"),
        ("prob", "{}", "There is no annotation `graylight/prob`."),
        ("step", "25", "There is no annotation `graylight/step`."),
    ],
)  # fmt: skip
def test_a_wrong_annotation_is_refused_by_name_field_and_reason(name: str, text: str, what: str) -> None:
    refused = annotation_hints({f"graylight/{name}": text})
    assert isinstance(refused, Refusal)
    assert refused.code == "bad-annotation"
    assert refused.what.startswith(what), refused.what
    assert "Correct it on the Deployment" in refused.remedy
