"""Where the bench keeps what it builds and what it finds out."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILD = HERE / "build"
RESULTS = HERE / "results"
PEERS = HERE / "peers"

LOAD = BUILD / "load"
LIMIT = BUILD / "limit"
PEERS_PYTHON = BUILD / "peers" / "bin" / "python"
NODE_MODULES = BUILD / "node_modules"
NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
OWN_PYTHON = Path(sys.executable)

SERVER_CORE = 0
GENERATOR_CORE = 1
