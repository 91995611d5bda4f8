"""Refuses tests that measure the machine: a test may compare elapsed time with a constant only where a timeout of the
product is its subject, and `Tests/README.md` then lists the test under "Timeouts of the product", with both limits."""

import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).parent
ELAPSED = r"(?:took|elapsed|duration|slowest|latency|p99|monotonic|perf_counter|time\.time|\.now\b)"
CONSTANT = r"(?:\.?(?:milli)?seconds\()?[\d.]+|[A-Z_]{3,}\b|Self\.\w+"
# An upper limit only: no machine is too slow for a lower one.
COMPARISON = re.compile(rf"{ELAPSED}[^#=]*?<=?\s*(?:{CONSTANT})")
ASSERTION = re.compile(r"\bassert\b|#expect|#require|\bapprox\b")
TEST = re.compile(r"^(?:async )?def (\w+)|func `([^`]+)`")


def comparisons(path: pathlib.Path):
    """Each assertion that compares elapsed time with a constant: its line and the function that it is in."""
    function = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := TEST.search(line):
            function = found[1] or found[2]
        if ASSERTION.search(line) and COMPARISON.search(line):
            yield number, function, line.strip()


def main() -> int:
    section = (TESTS / "README.md").read_text().split("## Timeouts of the product", 1)[1].split("\n## ", 1)[0]
    listed = set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
    found = {}
    for path in sorted([*TESTS.rglob("*.py"), *TESTS.rglob("*.swift")]):
        # The domain's tests have a clock that moves when told to.
        if path != pathlib.Path(__file__) and path.parent.name != "BrokerTests":
            for number, function, line in comparisons(path):
                found.setdefault(function, []).append(f"{path.relative_to(TESTS.parent)}:{number}: {line}")
    wrong = [line for function, lines in found.items() if function not in listed for line in lines]
    wrong += [f"Tests/README.md lists '{name}', which compares nothing" for name in sorted(listed - found.keys())]
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        print("error: these tests compare elapsed time with a constant; see Tests/README.md", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
