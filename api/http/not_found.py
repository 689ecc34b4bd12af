"""The page for an unknown path; programs get the problem document."""

from html import escape

from api.http.assets import name_of

_FOR_PROGRAMS = ("/api/", "/sse", "/ws", "/poll", "/assets/", "/static/", "/client/")


def wants_page(accept: str, path: str) -> bool:
    """Return whether a browser asks for a page: it names HTML before anything that is for programs."""
    named = [part.partition(";")[0].strip() for part in accept.lower().split(",")]
    return bool(named) and named[0] == "text/html" and not path.startswith(_FOR_PROGRAMS)


def not_found_page(prefix: str) -> bytes:
    """Return the page, in both languages. `prefix` is the path under which the server stands."""
    root = escape(prefix)
    return f"""<!doctype html>
<html lang="pt-BR">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>FastTrack · 404</title>
  <meta name="color-scheme" content="light dark">
  <link rel="icon" href="{root}/assets/{name_of("icon", "svg")}" type="image/svg+xml">
  <link rel="stylesheet" href="{root}/assets/{name_of("style", "css")}">
</head>
<body>
  <main class="view">
    <section class="card stack">
      <h1>Esta página não existe</h1>
      <p lang="en" class="soft">This page does not exist.</p>
      <div class="row"><a class="button" href="{root}/#events">Eventos · Events</a>
        <a class="button" href="{root}/">Importar · Import</a></div>
    </section>
  </main>
</body>
</html>
""".encode()
