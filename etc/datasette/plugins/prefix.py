# Behind a proxy there are paths that begin with base_url, where it is kept, and such that do not, where the proxy takes it off.
# Datasette answers to both, and makes wrong links of the first kind (/explorer/explorer/…); here both become the second.
from datasette import hookimpl


@hookimpl
def asgi_wrapper(datasette):
    prefix = datasette.setting("base_url").rstrip("/")

    def wrap(app):
        async def without_prefix(scope, receive, send):
            if scope["type"] == "http" and prefix and scope["path"].startswith(prefix + "/"):
                raw = scope.get("raw_path") or scope["path"].encode("utf-8")
                scope = {**scope, "path": scope["path"][len(prefix) :], "raw_path": raw[len(prefix.encode("utf-8")) :]}
            await app(scope, receive, send)

        return without_prefix

    return wrap
