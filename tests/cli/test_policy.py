from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.policy import Defaults, Environment, Policy, PolicyError, Service, hints, load, parse
from strategies.hints import Hints
from strategies.metrics import Metrics
from strategies.refusal import Refusal
from strategies.spec import RouterName, Strategy

WHOLE = """\
channel: C0RELEASES                    # where cards go
defaults: {soak: 10m, keep: 30m, ask_for: 2h, remind: 5m, steps: [5, 25, 50, 100]}
environments:
  default: {namespace: shop}
  prod: {context: prod-eu, namespace: shop}
services:
  k8sdemo:
    probe:
      url: "http://hi.k8sdemo.com:31721/hello"
      method: POST
      headers: {X-Version: 1.10, X-Debug: on}
      body: {name: fromGW}
      connect: 172.30.0.1:31721
    soak: 0
    strategy: canary
    router: ratio
    steps: 25,50
    version_label: app.kubernetes.io/version
"""


def policy(text: str) -> Policy:
    found = parse(text)
    assert isinstance(found, Policy), str(found)
    return found


def wrong(text: str) -> list[str]:
    found = parse(text, "policy.yaml")
    assert isinstance(found, PolicyError)
    return str(found).splitlines()


def test_a_service_says_over_the_defaults_and_both_are_hints() -> None:
    found = hints(policy(WHOLE), "k8sdemo")
    assert (found.soak, found.keep, found.ask_for, found.remind) == (0, 1800, 7200, 300)
    assert (found.steps, found.router, found.strategy) == ((25, 50), RouterName.RATIO, Strategy.CANARY)
    assert found.version_label == "app.kubernetes.io/version"
    assert found.probe is not None
    assert found.probe.body == '{"name":"fromGW"}'
    assert hints(policy(WHOLE), "web") == Hints(
        soak=600, keep=1800, ask_for=7200, remind=300, steps=(5, 25, 50, 100)
    )


def test_an_environment_may_have_defaults_of_its_own_and_a_service_says_over_them() -> None:
    found = policy(
        """
defaults: {soak: 10m, auto: true, remind: 5m}
environments:
  default: {}
  prod: {defaults: {soak: 1h, auto: false, strategy: bluegreen}}
services:
  web: {auto: true, ask_for: 4h}
"""
    )
    assert hints(found, "api") == Hints(soak=600, auto=True, remind=300)
    bluegreen = Strategy.BLUEGREEN
    assert hints(found, "api", "prod") == Hints(soak=3600, auto=False, remind=300, strategy=bluegreen)
    there = hints(found, "web", "prod")
    assert (there.auto, there.ask_for, there.soak) == (True, 14400, 3600)
    assert wrong("defaults: {auto: maybe}")[0].startswith("policy.yaml:1:18: defaults.auto: ")


def test_what_is_typed_as_a_header_stays_the_text_it_is() -> None:
    probe = policy(WHOLE).services["k8sdemo"].probe
    assert probe is not None
    assert probe.headers == {"X-Version": "1.10", "X-Debug": "on"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_policy_is_one_default_environment(text: str) -> None:
    assert policy(text) == Policy()
    assert Policy().environments == {"default": Environment()}
    assert hints(Policy(), "web") == hints(None, "web") == Hints()


def test_an_environment_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert policy(WHOLE).environment("prod") == Environment(context="prod-eu", namespace="shop")
    refused = policy(WHOLE).environment("staging")
    assert isinstance(refused, Refusal)
    assert refused.remedy == "The policy has: `in default`, `in prod`."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("chanel: C1", "1:1: chanel: There is no field `chanel`. Did you mean `channel`?"),
        (
            "defaults:\n  soak: 600",
            "2:9: defaults.soak: `600` has no unit. Did you mean `600s`, `600m` or `600h`?",
        ),
        (
            "defaults:\n  stepz: 3",
            "2:3: defaults.stepz: There is no field `stepz`. Did you mean `steps`?",
        ),
        (
            "services:\n  web:\n    steps: [50, 25]",
            "3:12: services.web.steps: Steps ascend: 25 does not come after 50.",
        ),
        ("services: {web: {probe: {}}}", "1:25: services.web.probe.url: `url` is missing."),
        (
            "services: {web: {probe: {url: 'http://x', timeout: 2x}}}",
            "1:52: services.web.probe.timeout: '2x' is no duration; write 2s or 500ms.",
        ),
        (
            "services: {web: {probe: {url: 'http://x', metod: GET}}}",
            "1:43: services.web.probe.metod: There is no field `metod`. Did you mean `method`?",
        ),
        (
            "services: {web: {strategy: blue}}",
            "1:28: services.web.strategy: `blue` is none of `canary`, `bluegreen`, `rolling`. Did you mean `bluegreen`?",
        ),
        (
            "services: {web: 3}",
            "1:17: services.web: `3` is no mapping of fields. Write `name: value`, one field a line.",
        ),
        (
            "services: {web: {container: 7}}",
            '1:29: services.web.container: `7` is no text. Write it in quotes: "7".',
        ),
        (
            "services:\n  'a b': {}",
            "2:3: services.a b: `a b` is no service name: letters, digits, `-`, `.` and `_`, as in a Deployment's name.",
        ),
        ("environments: {}", "1:15: environments: It is empty; at least one is needed."),
        (
            "environments: {a: {namespace: Shop}}",
            "1:31: environments.a.namespace: `Shop` is no namespace: small letters, digits and `-`, at most 63.",
        ),
        (
            "channel: releases",
            "1:10: channel: `releases` is no channel's id: it begins with C and stands in the channel's details in Slack.",
        ),
        (
            "channel: C1\nchannel: C2",
            "2:1: channel: `channel` is said twice, here and in line 1. Keep one of them.",
        ),
        ("- channel", "1:1: A policy is a mapping of fields. Write `name: value`, one field a line."),
        ("channel:\n\t- x", "2:1: A tab cannot indent YAML; use spaces."),
        ("defaults: &a {soak: 1m, keep: *a}", "1:21: It holds too much, or refers to itself."),
        (
            "channel: !!python/name:os.system x",
            "1:10: channel: The tag `tag:yaml.org,2002:python/name:os.system` is not read. Leave it out.",
        ),
        (
            "a: &a {}\nb: {<<: *a}",
            "2:5: b: Merge keys (`<<`) are not read. Write the fields out, or use an alias.",
        ),
    ],
)
def test_a_fault_is_told_with_line_column_field_and_remedy(text: str, line: str) -> None:
    assert wrong(text)[0] == f"policy.yaml:{line}"


def test_all_faults_are_told_in_the_order_of_the_file() -> None:
    text = "services: {web: {soak: x}}\ndefaults: {keep: y}\nchannel: z\n"
    assert [line.split(":")[1] for line in wrong(text)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ("{url: x, errors: traefik}", "is no http or https URL"),
        ('{url: "http://p:9090"}', "errors or queries must say what is asked"),
        ('{url: "http://p:9090", errors: haproxy}', "errors"),
        ('{url: "http://p:9090", queries: {slow: {query: up}}}', "a query needs a limit"),
        (
            '{url: "http://p:9090", queries: {slow: {query: "up{a=\'{{pod}}\'}", max: 1}}}',
            "there is no `{{pod}}`",
        ),
        ('{url: "http://p:9090", queries: {slow: {query: up, max_ratio: 2}}}', "the query must tell them"),
    ],
)
def test_metrics_that_could_tell_nothing_are_refused_with_their_place(metrics: str, said: str) -> None:
    (line, *_) = wrong(f"services: {{web: {{metrics: {metrics}}}}}")
    assert said in line
    assert line.startswith("policy.yaml:1:")


def test_metrics_of_a_service_are_read() -> None:
    text = 'services: {web: {metrics: {url: "http://p:9090/", errors: traefik, timeout: 2s}}}'
    found = hints(policy(text), "web").metrics
    assert found == Metrics(url="http://p:9090", errors="traefik", timeout=2)


def test_a_bomb_of_aliases_and_a_deep_nest_end_at_once() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(8)
    )
    assert "holds too much" in wrong(bomb)[0]
    assert len(wrong("[" * 5000)) == 1


def test_a_file_is_read_and_one_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(WHOLE)
    assert load(file) == policy(WHOLE)
    missing = load(tmp_path / "nowhere.yaml")
    assert isinstance(missing, PolicyError)
    assert str(missing).endswith(
        "no such file or directory. Correct the path, or GRAYLIGHT_POLICY where it stands there."
    )
    file.write_bytes(b"channel: \xff")
    assert "not UTF-8" in str(load(file))


def test_each_field_says_its_default_and_why() -> None:
    models: list[type[BaseModel]] = [Policy, Defaults, Environment, Service]
    for model in models:
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
            assert "efault" in field.description or "As in `defaults`" in field.description
