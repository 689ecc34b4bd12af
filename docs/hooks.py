"""Add to the site what lies outside docs/: the root's documents, and the files that pages link to.

MkDocs calls these functions by their names (https://www.mkdocs.org/dev-guide/plugins/#events).
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md")
FOLDERS = ("deploy", "examples")
UP = re.compile(r"\]\(((?:\.\./)+)([^)\s]+)\)")
DOWN = re.compile(r"\]\(docs/([^)\s]+)\)")
README = re.compile(r"\]\(((?:\.\./)*)README\.md\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append pages that the navigation does not name to "How to"."""
    named = str(config.nav)
    assert config.nav is not None
    section = next(entry["How to"] for entry in config.nav if "How to" in entry)
    section.extend(page.name for page in sorted((ROOT / "docs").glob("*.md")) if page.name not in named)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add files outside docs/ under their path in the repository."""
    for name in (*PAGES, *_linked_files()):
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Rewrite links that leave docs/ in the repository to the same file in the site."""
    depth = page.file.src_uri.count("/")
    if page.file.src_uri in PAGES:
        markdown = markdown.replace("](docs/decisions)", "](docs/decisions/README.md)")
        return DOWN.sub(rf"]({'../' * depth}\1)", markdown)
    markdown = README.sub(f"]({'../' * depth}index.md)", markdown)
    return UP.sub(lambda link: f"]({_within(link[1], depth)}{link[2]})", markdown)


def _within(steps: str, depth: int) -> str:
    """Return the `../` steps without the one that would leave the site."""
    return steps.removeprefix("../") if steps.count("../") > depth else steps


def _linked_files() -> list[str]:
    paths = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")))
    return [str(path.relative_to(ROOT)) for path in paths if path.is_file() and _is_source(path)]


def _is_source(path: Path) -> bool:
    return "node_modules" not in path.parts and path.suffix != ".md"
