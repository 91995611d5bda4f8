"""Finds a secret in whatever form it got out: as it is, in base64, in hex, form-encoded."""

import base64
import pathlib
import urllib.parse


def forms(secret: bytes) -> dict[str, bytes]:
    """Every form of a secret that a search has to look for."""
    found = {"raw": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode()}
    found["form-encoded"] = "".join(f"%{byte:02X}" for byte in secret).encode()
    quoted = urllib.parse.quote_from_bytes(secret, safe="").encode()
    if quoted != secret:
        found["percent-encoded"] = quoted
    # What surrounds the secret shifts its bits against the base64 digits: three shifts, and the digits at either end,
    # which the surroundings have a part in, are left out.
    for shift in range(3):
        digits = base64.b64encode(bytes(shift) + secret).rstrip(b"=")
        core = digits[(0, 2, 3)[shift] : -1]
        found[f"base64, shifted by {shift}"] = core
        found[f"URL-safe base64, shifted by {shift}"] = core.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def search(secrets: dict[str, bytes], places: dict[str, bytes]) -> list[str]:
    """Which secret is where, and in which form."""
    return [
        f"the {name} is in {place}, {form}"
        for name, secret in secrets.items()
        for form, needle in forms(secret).items()
        for place, content in places.items()
        if needle in content
    ]


def files(folder: pathlib.Path, leave_out: set[str]) -> dict[str, bytes]:
    """What the files in a folder hold, but for those whose name is left out."""
    plain = (path for path in folder.rglob("*") if path.is_file() and path.name not in leave_out)
    return {str(path.relative_to(folder)): path.read_bytes() for path in plain}


def process(pid: int) -> dict[str, bytes]:
    """What everybody, or its own user, can see of a process."""
    seen = {}
    for name in ("cmdline", "environ", "comm"):
        try:
            seen[f"{name} of process {pid}"] = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
        except PermissionError:
            pass  # Nobody can look.
    return seen
