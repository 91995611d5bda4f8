"""What `kubectl kustomize` makes of a folder, for the fields that the project's overlays use."""

import pathlib

import jsonpatch
import yaml

FIELDS = {"apiVersion", "kind", "namespace", "resources", "images", "configMapGenerator", "patches"}


def documents(path: pathlib.Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def built(folder: pathlib.Path) -> list[dict]:
    """The objects of a kustomization. A generated ConfigMap keeps its name, without Kustomize's hash."""
    (kustomization,) = documents(folder / "kustomization.yaml")
    assert set(kustomization) <= FIELDS, f"not rendered here: {set(kustomization) - FIELDS}"
    objects = [
        object
        for name in kustomization["resources"]
        for object in (built(folder / name) if (folder / name).is_dir() else documents(folder / name))
    ]
    for generated in kustomization.get("configMapGenerator", []):
        data = dict(literal.split("=", 1) for literal in generated["literals"])
        objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generated["name"]}, "data": data})
    for patch in kustomization.get("patches", []):
        kind, name = patch["target"]["kind"], patch["target"]["name"]
        (object,) = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
        objects[objects.index(object)] = jsonpatch.apply_patch(object, yaml.safe_load(patch["patch"]))
    for object in objects:
        if "namespace" in kustomization:
            object["metadata"]["namespace"] = kustomization["namespace"]
        pod = object.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", []):
            for image in kustomization.get("images", []):
                if container["image"].rpartition(":")[0] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
    return objects
