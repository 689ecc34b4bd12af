"""What the process has imported and made that `warm_process` copies: all that a server would at its start."""

import gc
from importlib import import_module

from api.app import create_app
from api.http import assets
from api.settings import Settings

for _name in (
    "api.__main__",
    "api.cli.migrate",
    "api.cli.serve",
    "api.server.server",
    "api.server.supervisor",
    "api.storage.postgres.database",
    "api.storage.postgres.feed_tailer",
    "api.storage.postgres.presence",
    "api.storage.postgres.rate_limit",
):
    import_module(_name)
# The page, joined and compressed as browsers ask for it.
for _asset in assets.built().values():
    _ = _asset.brotli
# The framework imports more when it makes an application.
create_app(Settings())
# What is there is garbage in no copy, and to look for it would copy its pages.
gc.collect()
gc.freeze()
