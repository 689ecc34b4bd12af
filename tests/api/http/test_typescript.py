"""The types of the JavaScript client are those of the messages."""

import subprocess
from pathlib import Path

from api.http.typescript import TARGET, message_types
from tests.conftest import unavailable

COMPILER = Path(__file__).parents[2] / "end_to_end" / "js" / "node_modules" / ".bin" / "tsc"
CLIENT = TARGET.with_name("fasttrack.d.ts")

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
// @ts-expect-error: members are those of the type.
connect("eventos", {onMessage: (message) => message.type === "log" && message.errors});
"""


def test_the_typescript_file_matches_the_message_types() -> None:
    assert TARGET.read_text(encoding="utf-8") == message_types(), "run `make types`"


def test_a_strict_program_reads_messages_as_a_discriminated_union(tmp_path: Path) -> None:
    if not COMPILER.exists():
        unavailable("TypeScript (npm install in tests/end_to_end/js)")
    for source in (TARGET, CLIENT):
        (tmp_path / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "use.ts").write_text(USE, encoding="utf-8")
    options = [
        "--strict",
        "--noEmit",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
    ]
    run = subprocess.run(
        [COMPILER, *options, "use.ts"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout
