# Keeps Datasette running over the history and over what lies beside it to be looked at: over that of it which opens.
# Datasette looks into each of its databases with every request, so that one which is broken would be the end of all. Here each
# is tried first, by the SQLite that will read it; one that fails is left out, with the reason, and tried again every minute.
# Settings are in the environment, for the unit: EXPLORER_PROGRAM (datasette itself), _STATE, _FILES (etc/datasette), _PORT,
# _BASE_URL, _SETTINGS (name=value, with spaces between) and _EVERY (seconds between two looks).
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TRY = r"""
import os, re, sqlite3, stat, sys, time
path = sys.argv[1]
def leave(why):
    print(why)
    sys.exit(1)
try:
    if re.search(r'[?#%\x00-\x1f\x7f]', path.encode('utf-8').decode('utf-8')):
        leave('its name cannot be part of an address: name it with letters, digits, - and _')
except UnicodeError:
    leave('its name is no text: name it with letters, digits, - and _')
try:
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):
        leave('it is no file')
    with open(path, 'rb') as file:
        header = file.read(100)
except OSError as error:
    leave(error.strerror)
if not header:
    leave('it is empty')
if header[:16] != b'SQLite format 3\0':
    leave('it is no SQLite database')
if header[19] == 2:
    leave('it is in WAL mode, and a reader that may not write would not open it, or lock its app out: name its app in '
          'explorer.apps, and the next backup leaves a copy to be shown')
try:
    database = sqlite3.connect(f'file:{path}?mode=ro', uri=True, timeout=2)
    end = time.monotonic() + 5
    database.set_progress_handler(lambda: time.monotonic() > end, 10000)
    database.execute('PRAGMA schema_version').fetchone()
    database.execute('SELECT count(*) FROM sqlite_master').fetchone()
    found = database.execute('PRAGMA quick_check(1)').fetchone()
    if found[0] != 'ok':
        leave('it is damaged: ' + found[0].replace('\n', ' '))
except sqlite3.Error as error:
    if str(error) != 'interrupted':
        leave(str(error))
print(about.st_dev, about.st_ino)
"""

program = os.environ.get("EXPLORER_PROGRAM", "/opt/datasette/venv/bin/datasette")
state = Path(os.environ.get("EXPLORER_STATE", "/var/lib/holdfast"))
files = Path(os.environ.get("EXPLORER_FILES", Path(__file__).resolve().parent.parent / "etc" / "datasette"))
port = os.environ.get("EXPLORER_PORT", "8001")
base_url = os.environ.get("EXPLORER_BASE_URL", "/")
settings = dict(pair.split("=", 1) for pair in os.environ.get("EXPLORER_SETTINGS", "").split())
every_seconds = float(os.environ.get("EXPLORER_EVERY", "60"))

python = str(Path(program).parent / "python3")
HISTORY = state / "ops.db"
BESIDE = state / "explorer"
REPORT = state / "report"


def main():
    # As an exception it ends whatever is waited for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    line = line_of_datasette()
    known, shown, server, failures = {}, None, None, 0
    try:
        while True:
            if server is not None:
                failures = 0 if server.poll() is None else failures + 1
            if failures == 3:
                sys.exit(f"<3>explorer: datasette ends as soon as it is started, with {server.returncode}")
            found = look(known)
            if server is None or server.poll() is not None or found != shown:
                stop(server)
                shown, server = found, serve(found, line)
                await_answer(server)
            if not ends_within(server, every_seconds) and not answers():
                known.clear()
    finally:
        stop(server)


def line_of_datasette():
    """Which files it wants."""
    ask = "import importlib.metadata; print(importlib.metadata.version('datasette'))"
    try:
        said = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True)
        why = None if said.returncode == 0 else said.stderr.strip().split("\n")[-1]
    except OSError as error:
        why = error.strerror
    if why is not None:
        sys.exit(f"<3>explorer: there is no datasette beside {python}: {why}; docs/operations.md, The explorer")
    return "0.65" if said.stdout.startswith("0.") else "1.0"


def look(known):
    """The databases that open, each with the file that it is; `known` remembers those that did."""
    found, left = [], []
    for path in candidates():
        outcome, said = known.get(path) if same_file(path, known.get(path)) else attempt(path)
        if path != HISTORY and path.stem == HISTORY.stem:
            outcome, said = False, "that is the name of the history: name it otherwise"
        if outcome:
            known[path] = (outcome, said)
            found.append((path, said))
        else:
            known.pop(path, None)
            left.append(f"{path.name}: {said}")
    tell(found, left)
    return found


def candidates():
    """The history, and the files that are named as databases beside it; a name that says what it is comes first."""
    folders = [BESIDE, *(path for path in listed(BESIDE) if path.is_dir() and not path.is_symlink())]
    beside = sorted(path for folder in folders for path in listed(folder) if is_named_database(path))
    return [HISTORY, *beside]


def is_named_database(path):
    return path.suffix in (".db", ".sqlite", ".sqlite3")


def listed(folder):
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []


def same_file(path, before):
    if before is None:
        return False
    try:
        about = os.stat(path)
    except OSError:
        return False
    return f"{about.st_dev} {about.st_ino}" == before[1]


def attempt(path):
    """Tries to open it, in a process that is given up when what it lies on does not answer."""
    trial = subprocess.Popen(
        [python, "-I", "-c", TRY, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        said = trial.communicate(timeout=20)[0].decode("utf-8", "replace").strip()
    except subprocess.TimeoutExpired:
        trial.kill()
        return False, "it does not answer"
    return trial.returncode == 0, said or "it cannot be read"


said_before = None


def tell(found, left):
    """What is shown and what is left out, when that changes."""
    global said_before
    if (found, left) == said_before:
        return
    said_before = (found, left)
    shows = "shows " + (", ".join(path.stem for path, _ in found) or "nothing")
    for line in [shows, *(f"left out: {line}" for line in left)]:
        print(f"<{6 if line is shows else 4}>explorer: {printable(line)}", file=sys.stderr, flush=True)
    notify(f"STATUS={printable(shows)}" + (f"; {len(left)} left out, the log says why" if left else ""))


def serve(found, line):
    safe = files / line / "settings.json"
    options = {**(json.loads(safe.read_text()) if safe.exists() else {}), **settings, "base_url": base_url}
    arguments = [program, "serve", "--host", "127.0.0.1", "--port", port]
    arguments += ["--metadata", files / line / "metadata.json"]
    if (files / line / "templates").is_dir():
        arguments += ["--template-dir", files / line / "templates"]
    arguments += ["--plugins-dir", files / "plugins"]
    if (files / line / "datasette.json").exists():
        arguments += ["--config", files / line / "datasette.json"]
    for name, value in options.items():
        arguments += ["--setting", name, value if isinstance(value, str) else json.dumps(value)]
    if REPORT.is_dir():
        arguments += ["--static", f"report:{REPORT}"]
    # Without a file it would show an empty database of its own; it says that there is nothing.
    return subprocess.Popen(
        [*arguments, *[path for path, _ in found]],
        env={**os.environ, **secret()},
        stdout=subprocess.DEVNULL,  # a line for each request, which nobody reads
    )


def secret():
    """Signs what a browser keeps, so that it is still good after a restart."""
    path = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")) / "datasette-secret"
    return {"DATASETTE_SECRET": path.read_text().strip()} if path.is_file() else {}


def await_answer(server):
    while server.poll() is None:
        if answers():
            return notify("READY=1")
        time.sleep(0.1)
    # It has ended: a file may have gone since it was looked at.


def answers():
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{base_url}-/versions.json", timeout=10):
            return True
    except OSError:
        return False


def stop(server):
    if server is None:
        return
    server.terminate()
    if not ends_within(server, 10):
        server.kill()
        server.wait()


def ends_within(server, seconds):
    try:
        server.wait(timeout=seconds)
        return True
    except subprocess.TimeoutExpired:
        return False


def notify(message):
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)


def printable(text):
    return re.sub(r"[^\x20-\x7e\u00a1-\uffff]", "?", text.encode("utf-8", "replace").decode("utf-8"))


main()
