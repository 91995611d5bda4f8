"""Console sessions in documents: what was typed, and what came of it."""

import pathlib
import re
import subprocess
import typing

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "-- that was"


class Step(typing.NamedTuple):
    """A command, and the lines that the document has after it."""

    line: int
    command: str
    output: list[str]

    def matches(self, output: list[str]) -> bool:
        """Whether the output is the document's, where `…` stands for anything in a line, and alone for any lines."""
        lines = [r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in self.output]
        return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in output)) is not None


def steps(document: pathlib.Path) -> list[Step]:
    """The commands of a document's console blocks; one goes on behind a `\\`, or with `> `."""
    text = document.read_text()
    found = []
    for block in BLOCK.finditer(text):
        number = text.count("\n", 0, block.start()) + 2
        goes_on = False
        for line in block[1].splitlines():
            if goes_on:
                found[-1] = found[-1]._replace(command=f"{found[-1].command}\n{line}")
            elif line.startswith("> "):
                found[-1] = found[-1]._replace(command=f"{found[-1].command}\n{line.removeprefix('> ')}")
            elif line.startswith("$ "):
                found.append(Step(number, line.removeprefix("$ "), []))
            else:
                found[-1].output.append(line)
            goes_on = line.endswith("\\") and (goes_on or line.startswith("$ "))
            number += 1
    return found


def assert_runs(steps: list[Step], environment: dict[str, str], folder: pathlib.Path):
    """Types the commands into one shell; each must print what the document says."""
    script = "\n".join(f"{step.command}\necho; echo '{END}' $?" for step in steps)
    ran = subprocess.run(
        ["bash"], input=script, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    outputs = re.split(rf"\n{END} \d+\n", ran.stdout)
    assert len(outputs) == len(steps) + 1, f"the shell did not come to the end: {ran.stdout}"
    for step, output in zip(steps, outputs, strict=False):
        # A body without a line's end has the prompt behind it.
        assert step.matches(output.splitlines()), (
            f"line {step.line}: {step.command}\nprints\n{output}\nand not\n{step.output}"
        )
