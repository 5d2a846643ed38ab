"""Rewriting and joining the ES modules of the web client. Whether the result runs is tested in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.web_client.assets import JOINED, Assets
from gateway.web_client.modules import Modules
from gateway.web_client.site import FOLDER

FILES = {
    "parts/list.js": (
        'import { signal as made } from "signals";\n'
        'import * as api from "../api.js";\n'
        "/** Documentation. @param {import('../api.js').Page} page */\n"
        "// Why it is three.\n"
        "export const size = 3;\n"
        "export async function more(page) { return api.next(page, made); }\n"
        "export class List {}  // a list\n"
    ),
    "api.js": 'import Words from "./words.js";\nexport function next() { return Words; }\n',
    "words.js": 'export default function Words() {}\nexport const load = () => import("./later.js");\n',
    "later.js": 'import { size } from "./parts/list.js";\nexport default { size };\n',
    "vendor/signals.js": 'var a=1;export{a as signal};export{x,y as z}from"core";//# sourceMappingURL=a.map',
    "vendor/core.js": "const x=1,y=2;export{x,y};export default function(){}",
}
PACKAGES = {"signals": "vendor/signals.js", "core": "vendor/core.js"}


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    return written(tmp_path, FILES)


def written(folder: Path, files: dict[str, str]) -> Modules:
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return Modules(folder, files, PACKAGES)


def test_modules_are_ordered_after_those_that_they_import(modules: Modules) -> None:
    assert modules.static_closure("parts/list.js") == [
        "words.js",
        "api.js",
        "vendor/core.js",
        "vendor/signals.js",
        "parts/list.js",
    ]


def test_a_file_that_is_not_joined_imports_served_names(modules: Modules) -> None:
    names = {path: f"{path.replace('/', '-')}.hash" for path in FILES}
    text = modules.served("parts/list.js", names)
    assert 'import { signal as made } from "./vendor-signals.js.hash";' in text
    assert 'import * as api from "./api.js.hash";' in text
    assert "Documentation" not in text and "Why it is three" not in text
    assert "export class List {}  // a list" in text
    assert 'import("./later.js.hash")' in modules.served("words.js", names)


def test_a_file_that_is_not_joined_imports_objects_from_the_joined_file(modules: Modules) -> None:
    joined = ["words.js", "api.js", "vendor/core.js", "vendor/signals.js"]
    names = {path: path for path in FILES} | dict.fromkeys(joined, "first.js")
    text = modules.served("parts/list.js", names, joined)
    assert text.startswith('import { $api, $vendor_signals } from "./first.js";\n')
    assert "const { signal: made } = $vendor_signals;" in text
    assert "const api = $api;" in text
    assert "export const size = 3;" in text


def test_the_joined_file_contains_each_module_as_a_function(modules: Modules) -> None:
    members = modules.static_closure("parts/list.js")
    names = {path: path for path in FILES} | dict.fromkeys(members, "first.js")
    text = modules.joined(members, names)
    assert "const { default: Words } = $words;" in text
    assert "return { default: Words, load: load };" in text
    assert "return { size: size, more: more, List: List };" in text
    assert "return { x: $vendor_core.x, z: $vendor_core.y, signal: a };" in text
    assert "const $default = function(){}" in text
    assert 'import("./later.js")' in text
    assert "sourceMappingURL" not in text
    assert text.endswith("export { $words, $api, $vendor_core, $vendor_signals, $parts_list };\n")
    assert modules.served("later.js", names, members).startswith('import { $parts_list } from "./first.js";')


def test_a_dynamic_import_of_a_joined_module_gives_its_exports(modules: Modules) -> None:
    names = {path: path for path in FILES} | {"later.js": "first.js"}
    text = modules.served("words.js", names, ["later.js"])
    assert 'import("./first.js").then((file) => file.$later)' in text


def test_an_import_cycle_is_an_error(tmp_path: Path) -> None:
    modules = written(tmp_path, {"a.js": 'import { b } from "./b.js";', "b.js": 'import { a } from "./a.js";'})
    with pytest.raises(RuntimeError, match=r"a\.js imports b\.js imports a\.js"):
        modules.static_closure("a.js")


@pytest.mark.parametrize(
    "text", ["export let a = 1;", "export const { a } = b;", "export * from './b.js';", 'import "./b.js";']
)
def test_a_form_that_is_not_understood_is_an_error(tmp_path: Path, text: str) -> None:
    modules = written(tmp_path, {"a.js": text, "b.js": ""})
    with pytest.raises(RuntimeError, match=r"a\.js cannot be joined"):
        modules.joined(["a.js"], {"a.js": "a.js", "b.js": "b.js"})


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="which does not exist"):
        written(tmp_path, {"a.js": 'import { b } from "./b.js";'})


def imports(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.startswith(("import ", "export ")))


def test_the_joined_file_of_the_client_imports_nothing_when_it_starts() -> None:
    text = Assets(FOLDER).by_path[JOINED].body.decode()
    lines = list(imports(text))
    assert len(lines) == 1 and lines[0].startswith("export { ")
