"""Joined modules run as the modules themselves do."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from api.app import create_app
from api.http import assets
from api.http.module_bundle import ModuleError, bundle
from api.settings import Settings
from tests.conftest import unavailable

MODULES = {
    "page/main.js": """import words from "./words.js";
import {
  add as plus,
  Counter,
} from "./math.js";
import {NAME} from "/client/name.js";
const counter = new Counter();
counter.count(plus(1, 2));
console.log(JSON.stringify([words.hello, counter.total, NAME, await_()]));
function await_() { return `import {x} from "y";`; }
""",
    "page/words.js": 'export default {hello: "olá"};\n',
    "page/math.js": """import {NAME} from "/client/name.js";
export const add = (a, b) => a + b;
export class Counter {
  total = 0;
  count(by) { this.total = add(this.total, by); }
}
export async function later() { return NAME; }
""",
    "client/name.js": 'console.log("once");\nexport const NAME = "FastTrack";\n',
}


def test_each_module_runs_once_after_its_imports(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        unavailable("node, to run what was joined")
    (tmp_path / "joined.js").write_text(bundle("page/main.js", MODULES.__getitem__))
    run = subprocess.run([node, tmp_path / "joined.js"], capture_output=True, text=True, check=True)
    once, told = run.stdout.splitlines()
    assert once == "once"
    assert json.loads(told) == ["olá", 3, "FastTrack", 'import {x} from "y";']


@pytest.mark.parametrize(
    "text",
    [
        'export * from "./b.js";',
        'import * as b from "./b.js";',
        "export let changing = 1;",
        'import "./b.js";',
        "export {b};",
        'import {b} from "package";',
        "export const [a, b] = [1, 2];",
    ],
)
def test_an_unknown_form_of_import_or_export_is_refused(text: str) -> None:
    with pytest.raises(ModuleError):
        bundle("a.js", {"a.js": text + "\n", "b.js": "export const b = 1;\n"}.__getitem__)


def test_circular_imports_of_modules_are_refused() -> None:
    circle = {"a.js": 'import {b} from "./b.js";\n', "b.js": 'import {a} from "./a.js";\n'}
    with pytest.raises(ModuleError, match=r"a\.js → b\.js → a\.js"):
        bundle("a.js", circle.__getitem__)


@pytest.mark.anyio
async def test_a_page_that_cannot_be_joined_keeps_the_server_from_starting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ModuleError("no module can be made of this")

    app = create_app(Settings(data_dir=tmp_path, standby_readers=0))
    monkeypatch.setattr(assets, "built", fail)
    with pytest.raises(ExceptionGroup):
        async with app.lifespan():
            raise AssertionError("it has started")
    assert "cannot start" in caplog.text
    assert "no module can be made of this" in caplog.text
