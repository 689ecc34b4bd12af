"""The types of the JavaScript client are those of the messages."""

import re
import subprocess
from pathlib import Path

import pytest

from api.http.typescript import TARGET, message_types
from tests.conftest import unavailable

COMPILER = Path(__file__).parents[2] / "end_to_end" / "js" / "node_modules" / ".bin" / "tsc"
CLIENT = TARGET.with_name("fasttrack.d.ts")

PAGES = [Path(__file__).parents[3] / "docs" / "client.md"]
OPTIONS = (
    *("--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom,dom.iterable"),
    *("--module", "esnext", "--moduleResolution", "bundler"),
)
ASSUMED = """
import {connect, type FeedMessage} from "./fasttrack.js";
import type {Event as FeedEvent} from "./messages.js";
declare const process: {env: Record<string, string | undefined>};
declare const file: File;
declare function show(event: FeedEvent): void;
declare function remove(id: number): void;
declare function notify(message: FeedMessage): void;
declare function reloadSoon(): void;
declare function askForToken(): Promise<void>;
declare function hideTheBell(): void;
declare function readCursor(): string | null;
declare function writeCursor(cursor: string): void;
declare function fetchEverything(reason: string): void;
"""
"""What the examples of the documents leave to their reader."""

USE = """
import {connect, type FeedMessage, type Status} from "./fasttrack.js";

const told = (message: FeedMessage): string => {
  switch (message.type) {
    case "progress": return `${message.progresso} %`;
    case "row_error": return message.errors.map(({field, code}) => `${field}: ${code}`).join();
    case "event.created": return message.event.title;
    case "event.updated": return message.changed.join();
    case "finished": return message.error?.code ?? message.status;
    default: return message.id;
  }
};
const live = (status: Status): boolean => status.state === "live";
connect(["eventos"], {onMessage: told, onStatus: live, onState: ({feed}) => feed}).close();
connect(["dashboard", "presenca"], {onState: (state) => {
  if (state.feed === "dashboard") return state.by_city.length;
  return state.users.map(({role}) => role).join();
}}).close();
const set: {[name: string]: string | undefined} = {};
connect("eventos", {token: () => set.TOKEN, cursor: set.CURSOR});
connect("eventos", {token: async () => set.TOKEN, cursor: null});
// @ts-expect-error: members are those of the type.
connect("eventos", {onMessage: (message) => message.type === "log" && message.errors});
"""


def test_the_typescript_file_matches_the_message_types() -> None:
    assert TARGET.read_text(encoding="utf-8") == message_types(), "run `make types`"


def test_a_strict_program_reads_messages_as_a_discriminated_union(tmp_path: Path) -> None:
    if not COMPILER.exists():
        unavailable("TypeScript (npm install in tests/end_to_end/js)")
    assert compiled(tmp_path, USE) == ""


def compiled(folder: Path, *programs: str) -> str:
    """Return what a strict compiler says of programs that use the client."""
    for source in (TARGET, CLIENT):
        (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    files = [folder / f"use{number}.ts" for number in range(len(programs))]
    for file, program in zip(files, programs, strict=True):
        file.write_text(program, encoding="utf-8")
    run = subprocess.run(
        [COMPILER, *OPTIONS, *files], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return run.stdout


IMPORT = re.compile(r'^\s*import \{connect\} from "[^"]+";\n', re.MULTILINE)


@pytest.mark.parametrize("page", [*PAGES, CLIENT.with_name("README.md")], ids=lambda page: page.name)
def test_the_examples_of_a_document_are_strict_typescript(page: Path, tmp_path: Path) -> None:
    if not COMPILER.exists():
        unavailable("TypeScript (npm install in tests/end_to_end/js)")
    text = page.read_text(encoding="utf-8")
    modules = re.findall(r'<script type="module">\n(.*?)</script>', text, re.DOTALL)
    blocks = [*modules, *re.findall(r"^```js\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    about_the_client = [IMPORT.sub("", block) for block in blocks if "connect(" in block]
    assert about_the_client
    assert compiled(tmp_path, *(ASSUMED + block for block in about_the_client)) == ""
