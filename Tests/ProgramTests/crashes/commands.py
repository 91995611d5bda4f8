"""Every admin command that writes, what it starts from, and how to see what came of it."""

import json
import pathlib
import random
import re
import shutil
import typing
import uuid

from rig import secrets_search
from rig.broker import Broker, Result
from rig.checks import assert_token
from rig.wire import post_form

GOLDEN = pathlib.Path(__file__).parents[2] / "BrokerSQLiteTests" / "Golden"
SECRET = "secret-of-key-new"
# A key that is new, one that is activated and one that goes; a client that changes, one that is new and two that go.
DOCUMENT = """
keys:
  - {key_id: key-a, project_id: prj-a}
  - {key_id: key-waiting, project_id: prj-a, state: active}
  - {key_id: key-b, project_id: prj-b}
  - {key_id: key-new, project_id: prj-new, secret_file: key-new.secret}
clients:
  - {client_id: one, projects: [prj-b], users: [1234], secret_file: one.secret}
  - {client_id: new, projects: [prj-a, prj-new], secret_file: new.secret}
"""
TIME = r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"|(?<="expires_in": )\d+|(?<="refresh_after": )\d+'


class Command(typing.NamedTuple):
    name: str
    # `{root}` is where the data directory is.
    words: str
    starts_from: str = "registry"
    input: str | None = None
    while_serving: bool = True
    # In more than one step: whatever was begun is finished when it is given again.
    goes_on: bool = False

    def run(self, broker: Broker, attempt: int = 1, **settings: str) -> Result:
        words = self.words.format(root=broker.folder, attempt=attempt)
        return broker.admin(*words.split(), input=self.input, **settings)


COMMANDS = [
    Command("init", "init", "nothing", while_serving=False),
    Command("init beside drafts", "init", "drafts", while_serving=False),
    Command("key add", "key add --project prj-new --key-id key-new", input=SECRET),
    Command("key rotate", "key rotate --project prj-a --key-id key-new", input=SECRET),
    Command("key set-secret", "key set-secret key-a --no-verify", input=SECRET),
    Command("key activate", "key activate key-waiting"),
    Command("key disable", "key disable key-waiting"),
    Command("key enable", "key enable key-off"),
    Command("key remove", "key remove key-off"),
    Command("client add", "client add new --project prj-a --secret-out {root}/secret-{attempt}"),
    Command("client grant", "client grant one --project prj-b"),
    Command("client revoke", "client revoke two --project prj-b"),
    Command("client rotate", "client rotate one --json"),
    Command("client disable", "client disable one"),
    Command("client enable", "client enable off"),
    Command("client remove", "client remove two"),
    Command("apply", "apply -f {root}/registry.yaml --prune"),
    Command("master-key rotate", "master-key rotate", goes_on=True),
    Command("audit prune", "audit prune --before 2100-01-01"),
    Command("backup", "backup {root}/backup.db", "registry and backup"),
    Command("restore", "restore {root}/backup.db", "backup", while_serving=False),
    Command("restore beside drafts", "restore {root}/backup.db", "backup and drafts", while_serving=False),
    Command("migration of schema 3", "key list", "schema-3", while_serving=False),
    Command("migration of schema 4", "key list", "schema-4", while_serving=False),
]


def make(root: pathlib.Path, kind: str, token_endpoint: str):
    """What a command starts from."""
    root.mkdir()
    broker = Broker(root, token_endpoint)
    if kind in ("schema-3", "schema-4"):
        shutil.copytree(GOLDEN / kind, broker.data)
        broker.data.chmod(0o750)
        for file in broker.data.iterdir():
            file.chmod(0o400 if file.name.startswith("master.key") else 0o600)
    elif kind not in ("nothing", "drafts"):
        assert broker.admin("init").code == 0
        for key, project in [("key-a", "prj-a"), ("key-waiting", "prj-a"), ("key-off", "prj-a"), ("key-b", "prj-b")]:
            broker.ask("key", "add", "--project", project, "--key-id", key, "--no-verify", input=f"secret-of-{key}")
        broker.ask("key", "disable", "key-off")
        for client, projects in [("one", ["prj-a"]), ("two", ["prj-a", "prj-b"]), ("off", ["prj-a"])]:
            broker.ask("client", "add", client, *(f"--project={project}" for project in projects))
        broker.ask("client", "disable", "off")
        (root / "registry.yaml").write_text(DOCUMENT)
        (root / "key-new.secret").write_text(SECRET)
        (root / "key-new.secret").chmod(0o600)
    if "backup" in kind:
        broker.ask("backup", str(root / "backup.db"))
    if "registry" not in kind and "backup" in kind:
        (broker.data / "token-broker.db").unlink()
    if "drafts" in kind:
        broker.data.mkdir(mode=0o750, exist_ok=True)
        for end in ("", "-wal", "-journal"):
            draft = broker.data / f"token-broker.db.draft-{str(uuid.uuid4()).upper()}{end}"
            draft.write_bytes(random.randbytes(8192))
            draft.chmod(0o600)


def lists(broker: Broker) -> dict | None:
    """Everything that the lists show, but for times; None where there is no database."""
    if not (broker.data / "token-broker.db").exists():
        return None
    shown = {name: broker.ask(name, "list")[f"{name}s"] for name in ("key", "client")}
    return json.loads(re.sub(TIME, "0", json.dumps(shown)))


def state(broker: Broker) -> dict | None:
    """The lists, and what the audit log tells."""
    listed = lists(broker)
    # Looking makes a backup; and a mint is told whether or not its key is kept.
    beside = ("database.backup_begun", "token.minted")
    told = [] if listed is None else broker.ask("audit", "list", "--limit", "1000")["entries"]
    told = [[entry["action"], entry.get("key_id"), entry.get("client_id"), entry.get("project_id")] for entry in told]
    return listed and {**listed, "audit": [entry for entry in told if entry[0] not in beside]}


def open_everything(broker: Broker):
    """A backup is made of what opens, all of it, and of an audit log that is whole."""
    file = broker.folder / "opened.db"
    broker.ask("backup", str(file))
    file.unlink()


def files(broker: Broker) -> set[str]:
    """The names of all that is there but for what comes and goes, and for what is another when it is done again."""
    passing = ("broker.log", "token-broker.db-wal", "secret-1", "secret-2", "master.key.term-2")
    paths = [path for path in broker.folder.rglob("*") if not path.is_socket() and path.name not in passing]
    # Outside the data directory nobody knows whose command left it.
    left = {path for path in paths if path.parent == broker.folder and ".draft-" in path.name}
    return {str(path.relative_to(broker.folder)) for path in paths if path not in left}


def assert_nothing_is_told(broker: Broker):
    """No key secret and no master key is in what was written, printed or logged, but for the master key files."""
    keys = list(broker.data.glob("master.key*"))
    secrets = {key: f"secret-of-{key}".encode() for key in ("key-a", "key-b", "key-off", "key-waiting", "key-new")}
    secrets |= {path.name: line for path in keys if (line := path.read_bytes().strip())}
    places = secrets_search.files(broker.folder, {"key-new.secret"} | {path.name for path in keys})
    places |= {f"the output of '{result.arguments}'": (result.out + result.err).encode() for result in broker.results}
    assert (found := secrets_search.search(secrets, places)) == [], found


def what_was_handed_out_works(broker: Broker, client: str, result: Result):
    """The client secret that the command printed, or wrote to a file, lets the client in."""
    secret = result.json["client_secret"] if result.out.startswith("{") else (broker.folder / "secret-1").read_text()
    broker.serve()
    assert_token(post_form(broker.tcp, "grant_type=client_credentials&project_id=prj-a", client=(client, secret)))
    broker.kill9()


def restores(broker: Broker):
    """The backup file is a whole one, of these keys and clients."""
    elsewhere = Broker(broker.folder / "elsewhere", broker.token_endpoint)
    elsewhere.data.mkdir(mode=0o750, parents=True)
    shutil.copy2(broker.data / "master.key", elsewhere.data)
    restored = elsewhere.admin("restore", f"{broker.folder}/backup.db")
    assert restored.code == 0, f"{restored}"
    assert lists(elsewhere) == lists(broker)
    shutil.rmtree(elsewhere.folder)
