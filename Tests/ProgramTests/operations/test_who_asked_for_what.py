"""A client that asks for what it may not have is named in the audit log and in the log."""

from rig.processes import wait_until
from rig.wire import get


def ask(broker, client, project: str) -> int:
    return get(broker.tcp, f"/v1/projects/{project}/token", client=client).status


def refused(broker, *filters: str) -> list[dict]:
    return broker.ask("audit", "list", "--action", "authorization.refused", *filters)["entries"]


def test_a_refused_project_is_recorded_with_the_client(broker, clients):
    assert ask(broker, clients["one"], "prj-b") == 403
    (entry,) = refused(broker, "--client", "one")
    assert (entry["client_id"], entry["project_id"], entry["outcome"]) == ("one", "prj-b", "no grant")
    (line,) = [line for line in broker.log_lines() if line["event"] == "request.refused"]
    assert (line["client_id"], line["project_id"], line["status"]) == ("one", "prj-b", 403)


def test_what_is_no_project_may_be_a_secret_and_is_not_named(broker, clients):
    assert ask(broker, clients["one"], "tbs_misplaced") == 403
    (entry,) = refused(broker)
    assert "project_id" not in entry and entry["outcome"] == "unknown project"
    wait_until(lambda: "request.refused" in broker.log(), "the refusal is in the log")
    assert "tbs_misplaced" not in broker.log()


def test_a_client_that_keeps_asking_does_not_fill_the_audit_log(broker, clients):
    for _ in range(50):
        assert ask(broker, clients["one"], "prj-b") == 403
    assert 10 <= len(refused(broker)) < 50


def test_an_unknown_client_is_asked_about(broker, clients):
    broker.ask("client", "add", "billing", "--project", "prj-a")
    assert "'billing'" in broker.admin("audit", "list", "--client", "biling").out
    assert "'key-a'" in broker.admin("audit", "list", "--key", "keya").out
    assert "'prj-a'" in broker.admin("audit", "list", "--project", "prja").out
    assert broker.admin("audit", "list", "--client", "billing", "--since", "2100-01-01").out.strip() == "no records"


def test_an_anchor_that_was_cut_short_is_no_tampering(broker):
    anchor = broker.ask("audit", "verify")["anchor"]
    for cut in (anchor[:-1], anchor[:20], anchor.split(".")[0] + "."):
        result = broker.admin("audit", "verify", "--anchor", cut)
        assert result.code == 2, f"{result}"
    assert broker.admin("audit", "verify", "--anchor", anchor).code == 0
