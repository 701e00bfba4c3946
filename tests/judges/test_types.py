"""Slack's own TypeScript types take every golden message, and the manifest to the letter of its published shape."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.judge
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/slack/golden"
UNKNOWN = {"data_visualization"}  # blocks younger than `@slack/types`: judged by our stand-in alone
SETTINGS = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "types": [],
        "lib": ["es2022", "dom"],
        "module": "nodenext",
        "moduleResolution": "nodenext",
    },
    "include": ["*.ts"],
}
MESSAGE = 'import type { KnownBlock } from "@slack/types";\nexport const it: { text: string; blocks: KnownBlock[] } = '
VIEW = 'import type { HomeView, ModalView, KnownBlock } from "@slack/types";\nexport const it: (HomeView | ModalView) & { blocks: KnownBlock[] } = '
MANIFEST = (
    'import type { AppsManifestValidateArguments } from "@slack/web-api";\n'
    'type Written = Exclude<AppsManifestValidateArguments["manifest"], string>;\n'
    "type Known<T> = { [K in keyof T as string extends K ? never : K]: T[K] };\n"
    "export const it: Known<Written> = "
)


def sent(value: Any) -> Any:
    """A golden file as Slack gets it: what a button carries is text, and kinds that the types do not know are gone."""
    if isinstance(value, dict):
        made = {key: sent(inner) for key, inner in value.items()}
        if value.get("type") == "button" and isinstance(value.get("value"), dict):
            made["value"] = json.dumps(value["value"])
        return made
    if isinstance(value, list):
        return [sent(one) for one in value if not (isinstance(one, dict) and one.get("type") in UNKNOWN)]
    return value


def _write(folder: Path, modules: Path, sources: dict[str, str]) -> None:
    folder.mkdir()
    (folder / "node_modules").symlink_to(modules)
    (folder / "tsconfig.json").write_text(json.dumps(SETTINGS))
    (folder / "package.json").write_text('{"type": "module"}')
    for name, source in sources.items():
        (folder / f"{name}.ts").write_text(source)


async def complaints(folder: Path, modules: Path, sources: dict[str, str]) -> list[str]:
    """What the TypeScript compiler says of these files; nothing where all is well."""
    _write(folder, modules, sources)
    compiler = modules / "typescript/bin/tsc"
    process = await asyncio.create_subprocess_exec(
        "node", str(compiler), "-p", str(folder), cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return said.decode().splitlines()


def literal(content: Any) -> str:
    """One value as TypeScript; tsc then refuses what is too much as well as what is missing."""
    head = VIEW if "type" in content else MESSAGE
    return head + json.dumps(sent(content), ensure_ascii=False) + ";\n"


def manifest(content: Any) -> str:
    """The same for a manifest."""
    named = {"display_information": {"name": "Graylight"}} | content
    return MANIFEST + json.dumps(named) + ";\n"


SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
WRONG = {  # or a compiler that looks at nothing would be content
    "wrong-field": literal({"text": "x", "blocks": [SECTION | {"colour": "red"}]}),
    "wrong-kind": literal({"text": "x", "blocks": [{"type": "chart"}]}),
    "wrong-no-text": literal({"blocks": [SECTION]}),
    "wrong-view": literal({"type": "modal", "blocks": [SECTION]}),
    "wrong-scope": manifest({"oauth_config": {"scopes": {"bot": ["chat:shout"]}}}),
    "wrong-feature": manifest({"featurs": {}}),
}


async def test_every_golden_message_and_the_manifest_type_check(modules: Path, tmp_path: Path) -> None:
    sources = {path.stem: literal(json.loads(path.read_text())) for path in sorted(GOLDEN.glob("*.json"))}
    assert len(sources) > 50
    sources["manifest"] = manifest(yaml.safe_load((ROOT / "deploy/slack-manifest.yaml").read_text()))
    said = await complaints(tmp_path / "typed", modules, sources | WRONG)
    about = {line.partition(".ts(")[0] for line in said if ".ts(" in line}
    assert [line for line in said if not line.startswith(("wrong-", " "))] == []
    assert about == set(WRONG)
