"""Reserved path names, shared by settings and request handling."""

OWN_PATHS = frozenset(
    {
        "api",
        "assets",
        "asyncapi.json",
        "client",
        "diagnose",
        "eventos.ics",
        "favicon.ico",
        "healthz",
        "metrics",
    }
    | {"poll", "problems", "readyz", "schema", "sse", "static", "ws"}
)
"""First segments of the server's own paths: none of them can begin a path that the server stands under."""

UNIX = "unix:"
"""In the list of trusted proxies: those who connect to the Unix socket."""
