"""What the documents point to is there."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("Examples/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(document):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text())
    files = [link for link in links if "://" not in link]
    missing = [link for link in files if not (document.parent / link).exists()]
    assert not missing, f"{document.name} points to {missing}"


def anchors(document: pathlib.Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_heading_leads_to_one(document):
    links = re.findall(r"\]\(([^)#:]*\.md)?#([^)]*)\)", document.read_text())
    missing = [
        f"{file}#{anchor}" for file, anchor in links
        if anchor not in anchors(document.parent / file if file else document)
    ]  # fmt: skip
    assert not missing, f"{document.name} points to {missing}"


def test_every_page_is_linked_from_the_first_one():
    readme = (ROOT / "README.md").read_text()
    unlinked = [page.name for page in ROOT.glob("docs/*.md") if f"](docs/{page.name})" not in readme]
    assert not unlinked


def test_every_test_on_the_reviewers_list_is_there():
    section = (ROOT / "Tests" / "README.md").read_text().split("## A strict reviewer's list")[1]
    named = set(re.findall(r"`((?:test|assert)_\w+)`", section))
    code = "".join(path.read_text() for path in (ROOT / "Tests" / "ProgramTests").rglob("*.py"))
    missing = sorted(name for name in named if f"\ndef {name}(" not in code)
    assert named and not missing, f"there is no {missing}"
