"""What kubelet does to the volumes of a pod."""

import os
import pathlib
import stat


def open_to_group(volume: pathlib.Path, group: int):
    """What it does at each mount for the pod's `fsGroup`, if no `fsGroupChangePolicy` is given."""
    for path in [volume, *volume.rglob("*")]:
        os.chown(path, -1, group)
        path.chmod(stat.S_IMODE(path.stat().st_mode) | (0o2770 if path.is_dir() else 0o660))


def mounted(path: pathlib.Path, files: dict[str, str], mode: int = 0o440) -> pathlib.Path:
    """A volume as it makes it of a Secret or a ConfigMap, for the group 65532."""
    version = path / "..2026_11_24_00_00_00.1"
    version.mkdir(parents=True)
    (path / "..data").symlink_to(version.name)
    for name, text in files.items():
        (version / name).write_text(text)
        os.chown(version / name, 0, 65532)
        (version / name).chmod(mode)
        (path / name).symlink_to(f"..data/{name}")
    return path
