"""C that takes the place of the system's calls in a program: what stands in this folder, compiled."""

import functools
import pathlib
import subprocess
import tempfile


@functools.cache
def _folder() -> tempfile.TemporaryDirectory:
    """For as long as somebody has it."""
    return tempfile.TemporaryDirectory(prefix="tb.")


@functools.cache
def library(name: str) -> str:
    """The path for `LD_PRELOAD` of what `NAME.c` is compiled to."""
    built = pathlib.Path(_folder().name, f"{name}.so")
    source = pathlib.Path(__file__).with_name(f"{name}.c")
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["clang", *options, "-o", built, source], check=True)
    return str(built)
