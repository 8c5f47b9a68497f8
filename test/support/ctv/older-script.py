"""What CTV had before Holdfast, as far as its store and its lock know it: a nightly run under flock, and a few verbs.

    older-script.py nightly|restore-latest <database> <stamp or new file>

Nothing of it is theirs but the names: /database.db, /backups/database_backup_<stamp>.db, the newest seven by name, and
/tmp/ctv-db-sync.lock.
"""

import fcntl
import json
import os
import sqlite3
import sys
import tempfile
import urllib.parse
import urllib.request

KEEP = 7
URL = os.environ["HOLDFAST_DROPBOX_URL"]


def settings(path):
    """The environment file, as this script reads it."""
    found = {}
    with open(path, encoding="utf-8-sig") as lines:
        for line in lines:
            name, is_setting, value = line.strip().removeprefix("export ").partition("=")
            if is_setting and not name.startswith("#"):
                found[name.strip()] = value.strip().strip("\"'")
    return found


def token(env):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": env["DROPBOX_REFRESH_TOKEN"],
        "client_id": env["DROPBOX_APP_KEY"],
        "client_secret": env["DROPBOX_APP_SECRET"],
    }
    body = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"{URL}/oauth2/token", body) as reply:
        return json.load(reply)["access_token"]


class Dropbox:
    def __init__(self, env):
        self.authorization = f"Bearer {token(env)}"

    def call(self, route, argument, data=None):
        headers = {"Authorization": self.authorization}
        if data is None and route != "files/download":
            headers["Content-Type"] = "application/json"
            data = json.dumps(argument).encode()
        else:
            headers["Dropbox-API-Arg"] = json.dumps(argument)
            headers["Content-Type"] = "application/octet-stream"
        request = urllib.request.Request(f"{URL}/2/{route}", data or b"", headers)
        with urllib.request.urlopen(request) as reply:
            return reply.read()

    def upload(self, path, data):
        self.call("files/upload", {"path": path, "mode": "overwrite", "mute": True}, data)

    def backups(self):
        reply = json.loads(self.call("files/list_folder", {"path": "/backups"}))
        names = [entry["name"] for entry in reply["entries"]]
        return sorted(n for n in names if n.startswith("database_backup_") and n.endswith(".db"))


def snapshot(database):
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy.db")
        source, target = sqlite3.connect(f"file:{database}?mode=ro", uri=True), sqlite3.connect(copy)
        source.backup(target)
        target.close()
        source.close()
        with open(copy, "rb") as file:
            return file.read()


def nightly(dropbox, database, stamp):
    data = snapshot(database)
    dropbox.upload("/database.db", data)
    dropbox.upload(f"/backups/database_backup_{stamp}.db", data)
    for name in dropbox.backups()[:-KEEP]:
        dropbox.call("files/delete_v2", {"path": f"/backups/{name}"})
        print(f"removed {name}")


def restore_latest(dropbox, target):
    found = dropbox.backups()
    path = f"/backups/{found[-1]}" if found else "/database.db"
    with open(target, "wb") as file:
        file.write(dropbox.call("files/download", {"path": path}))
    print(f"restored {path}")


def main(verb, database, argument):
    with open("/tmp/ctv-db-sync.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another sync is running, exiting")
            return
        if verb == "hold":
            print("held", flush=True)
            sys.stdin.readline()
            return
        dropbox = Dropbox(settings("/etc/ctv-db-sync.env"))
        if verb == "nightly":
            nightly(dropbox, database, argument)
        else:
            restore_latest(dropbox, argument)


main(*sys.argv[1:])
