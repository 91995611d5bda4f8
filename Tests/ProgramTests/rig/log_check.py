"""What the documents say of the log, and whether a log keeps to it."""

import functools
import json
import pathlib
import re

DOCUMENT = pathlib.Path(__file__).parents[3] / "docs/operations.md"
ALWAYS = ["time", "level", "event", "message"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# What only a library or the compiler would write: its types, its functions, its numbers.
FOREIGN = re.compile(r"\w+\(\w+:\w*:|Error\(|Optional\(|errno: |\d\.\d{7}|NIO|Swift\.|Broker\.[A-Z]")


@functools.cache
def documented(column: str) -> frozenset[str]:
    """The names in the first column of the table with that heading."""
    section = DOCUMENT.read_text().split("## Read the log", 1)[1].split("\n## ", 1)[0]
    table = section.split(f"| {column} |", 1)[1].split("\n\n", 1)[0]
    names = frozenset(re.findall(r"`([a-z_.]+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:])))
    assert len(names) > 10, f"there is no table of the log's '{column}': {names}"
    return names


def assert_log(text: str):
    """Every line is one flat JSON object, with keys and events that are documented, in words of ours."""
    for line in text.splitlines():
        try:
            fields = json.loads(line)
        except ValueError:
            raise AssertionError(f"this line of the log is not JSON: {line}") from None
        assert list(fields)[: len(ALWAYS)] == ALWAYS and TIME.fullmatch(fields["time"]), f"what every line has: {line}"
        assert set(fields) <= documented("key"), f"a key that is not documented: {line}"
        assert fields["event"] in documented("event"), f"an event that is not documented: {line}"
        assert all(isinstance(value, (str, int)) for value in fields.values()), f"not flat: {line}"
        assert not FOREIGN.search(line), f"not our words: {line}"
