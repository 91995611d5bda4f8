"""The search for secrets finds what is there: without this, its silence would mean nothing."""

import base64
import secrets

import pytest

from rig import secrets_search


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("form", ["raw", "base64", "URL-safe base64", "hex", "HEX", "Basic", "form-encoded"])
def test_the_search_finds_a_secret_in_every_form(tmp_path, form, before):
    secret = b"canary-\xff\xfe\xfb-" + secrets.token_bytes(12)
    inside = b"id:????"[:before] + secret + b"and more"
    written = {
        "raw": inside,
        "base64": base64.b64encode(inside),
        "URL-safe base64": base64.urlsafe_b64encode(inside),
        "hex": inside.hex().encode(),
        "HEX": inside.hex().upper().encode(),
        "Basic": b"Authorization: Basic " + base64.b64encode(inside),
        "form-encoded": "".join(f"%{byte:02X}" for byte in inside).encode(),
    }[form]
    (tmp_path / "log").write_bytes(b"something " + written + b" something")
    places = secrets_search.files(tmp_path, leave_out=set())
    assert secrets_search.search({"secret": secret}, places), f"a secret in {form} goes unseen"
    assert not secrets_search.search({"other": secrets.token_bytes(24)}, places), "it finds what is not there"
