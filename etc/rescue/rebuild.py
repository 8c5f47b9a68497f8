#!/usr/bin/python3
"""Rebuilds a database from backups in pages, without Holdfast. All that it knows is in docs/formats.md, "An object in pages".

    rebuild.py DIRECTORY                lists the backups in pages whose manifests lie in or below DIRECTORY
    rebuild.py DIRECTORY NAME TARGET    writes the database of the one whose name ends so to TARGET, which must not exist
    rebuild.py --identity FILE …        decrypts with the program age; or do that before: age -d -i FILE -o X.pages X.pages.age

It needs Python 3.9, its zstandard package (Debian: python3-zstandard), and all that a backup is based on.
"""
import argparse, base64, hashlib, json, os, pathlib, struct, subprocess, sys, tempfile
import zstandard

TRAINED, INDEX_BYTES_MAX, GROUP_BYTES_MAX = b"\x37\xa4\x30\xec", 1 << 24, 1 << 22  # what begins so is no dictionary


def require(condition, message):
    if not condition:
        sys.exit(f"rebuild.py: {message}")


def age(identity, **pipes):
    done = subprocess.run(["age", "-d", "-i", identity], **pipes)
    require(done.returncode == 0, "age could not decrypt it: was it encrypted for another identity?")
    return done.stdout


def unpack(frame, size, dictionary=b""):
    known = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if dictionary else None
    require(zstandard.frame_content_size(frame) <= size, "a frame claims to be larger than any of its kind")  # a bomb
    return zstandard.ZstdDecompressor(dict_data=known).decompress(frame, max_output_size=size)


def read_manifests(directory, identity):
    """Every manifest of a backup in pages, by the name of the backup."""
    found = {}
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(directory) for name in names]
    for path in [path for path in paths if path.endswith(".json")]:
        try:
            manifest = json.loads(pathlib.Path(path).read_bytes())
            if manifest["format"] != "holdfast-manifest" or not manifest.get("stored", {}).get("pages"):
                continue
            if identity and "sealed" in manifest:
                sealed = base64.b64decode(manifest["sealed"])
                manifest = json.loads(age(identity, input=sealed, stdout=subprocess.PIPE))
            found[manifest["backup"]] = {**manifest, "folder": os.path.dirname(path)}
        except (ValueError, LookupError, TypeError, AttributeError):
            print(f"rebuild.py: {path} is passed over: it is no manifest", file=sys.stderr)
    return found


class Backup:
    """One backup of a chain: which pages it holds, and where."""

    def __init__(self, manifest, identity, scratch):
        self.name, self.frames, objects = manifest["backup"], {}, manifest["stored"]["objects"]
        for part, name in enumerate([os.path.basename(entry["name"]) for entry in objects], 1):
            path = os.path.join(manifest["folder"], name)
            clear = path.removesuffix(".age")
            if not os.path.exists(clear) and identity and os.path.exists(path):
                clear = os.path.join(scratch, os.path.basename(clear))
                with open(path, "rb") as sealed, open(clear, "xb") as opened:
                    age(identity, stdin=sealed, stdout=opened)
            require(os.path.exists(clear), f"{os.path.basename(clear)} is missing in {manifest['folder']}")
            self.read_index(open(clear, "rb"), name, part, len(objects))
        require(self.size * self.count == manifest["size_bytes"], f"{self.name} is not what its manifest says")

    def read_index(self, file, name, part, parts):
        end = file.seek(0, os.SEEK_END) - 64
        begins = os.pread(file.fileno(), 16, 0) == b"holdfast-pages\n\x01"
        require(end >= 16 and begins, f"{name} is no object in pages, version 1")
        offset, length, digest, mark = struct.unpack("<QQ32s16s", os.pread(file.fileno(), 64, end))
        whole = mark == b"holdfast-pages-\n" and offset + length == end and length <= INDEX_BYTES_MAX
        require(whole, f"{name} is cut short, or its end was altered")
        stored = os.pread(file.fileno(), length, offset)
        require(hashlib.sha256(stored).digest() == digest, f"the index of {name} was altered")
        index = json.loads(unpack(stored, INDEX_BYTES_MAX))
        require(index["part"] == part and index.get("parts", parts) == parts, f"{name} is not part {part} of {parts}")
        self.size, self.count, self.group = index["page_size"], index["page_count"], index["group_pages"]
        require(0 < self.size * self.group <= GROUP_BYTES_MAX, f"{name} has groups of no possible size")
        self.dictionary, at = index["dictionary"], 16
        for group, length, digest, *runs in index["frames"]:
            require(sum(runs[1::2]) <= self.group, f"{name} has more pages in group {group} than there are")
            held = [first + i for first, count in zip(runs[::2], runs[1::2]) for i in range(count)]
            self.frames[group] = (file, name, at, length, digest, held)
            at += length

    def pages(self, group, full):
        """The pages that it has of a group; `full` are those of the full."""
        if group not in self.frames:
            return {}
        file, name, at, length, digest, held = self.frames[group]
        frame = os.pread(file.fileno(), length, at)
        require(hashlib.sha256(frame).hexdigest()[:32] == digest, f"{name} was altered in group {group}")
        same = b"".join(full[page] for page in held if page in full) if self.dictionary else b""
        data = unpack(frame, len(held) * self.size, b"" if same[:4] == TRAINED else same)
        require(len(data) == len(held) * self.size, f"{name} holds other pages than it says in group {group}")
        return {page: data[i * self.size : (i + 1) * self.size] for i, page in enumerate(held)}


def rebuild(chain, target):
    """Writes the database of the last backup of the chain, whose first is the full. Returns its SHA-256."""
    last, hashed = chain[-1], hashlib.sha256()
    require(len({(of.size, of.group) for of in chain}) == 1, "these do not belong together")
    with open(target, "xb") as database:
        for start in range(0, last.count, last.group):
            full = pages = chain[0].pages(start // last.group, {})
            for of in chain[1:]:
                pages = {**pages, **of.pages(start // last.group, full)}
                pages = {page: data for page, data in pages.items() if start + page < of.count}
            for page in range(min(last.group, last.count - start)):
                require(page in pages, f"page {start + page + 1} is in none of these backups")
                hashed.update(pages[page])
                database.write(pages[page])
        database.flush()
        os.fsync(database.fileno())
    return hashed.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for argument, number in [("--identity", None), ("directory", None), ("name", "?"), ("target", "?")]:
        parser.add_argument(argument, nargs=number)
    options = parser.parse_args()
    require(os.path.isdir(options.directory), f"{options.directory} is no directory: that goes first, and TARGET last")
    manifests = read_manifests(options.directory, options.identity)
    base_of = lambda manifest: (manifest["stored"]["pages"].get("base") or {}).get("name")
    if options.target is None:
        for name, manifest in sorted(manifests.items()):
            print(f"{name}  {manifest['size_bytes']} bytes  on {base_of(manifest) or 'nothing: a full'}")
        return
    chain, names = [], [name for name in manifests if name.endswith(options.name)]
    require(len(names) == 1, f"{len(names)} backups have a name that ends in {options.name}: {', '.join(names)}")
    name = names[0]
    while name is not None:
        require(name in manifests and name not in [of["backup"] for of in chain], f"{name} is needed, and not there")
        chain.insert(0, manifests[name])
        name = base_of(chain[0])
    require(not os.path.lexists(options.target), f"{options.target} exists already")
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(options.target))) as scratch:
        found = rebuild([Backup(of, options.identity, scratch) for of in chain], os.path.join(scratch, "whole"))
        os.rename(os.path.join(scratch, "whole"), options.target)
    expected = chain[-1].get("sha256", "what its manifest says, which is encrypted: see --identity")
    print(f"{options.target}: its SHA-256 is {found}")
    require(expected == found, f"it should be {expected}")


if __name__ == "__main__":
    sys.excepthook = lambda kind, error, _: print(f"rebuild.py: {kind.__name__}: {error}", file=sys.stderr)
    main()
