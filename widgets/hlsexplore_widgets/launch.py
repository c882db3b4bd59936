"""Process of a server: `launch.py MODULE ARGUMENTS...` with the server's token as the first line of standard input.

Every local user may read the arguments of a process, so the token is none of them: it joins them in here.
"""

import sys
from importlib import import_module
from typing import Any

TOKEN = {"jupyterlab.labapp": "--IdentityProvider.token", "voila.app": "--token"}
"""Option of the token, by the module whose `main` is the server."""


def main() -> None:
    """Run the server that the command line names."""
    module, arguments = sys.argv[1], sys.argv[2:]
    token = sys.stdin.readline().strip()
    server: Any = import_module("jupyter_server.serverapp").ServerApp
    # No file with the address and the token for everybody to read; the command line cannot say so (2.21).
    server.no_browser_open_file = True
    sys.argv = [module, *arguments, f"{TOKEN[module]}={token}"]
    import_module(module).main()


if __name__ == "__main__":
    main()
