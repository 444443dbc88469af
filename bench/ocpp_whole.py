"""The whole of `evenload serve` as a process under load: its store in a file, its writer, its logs; all are let in.

Answers ``mark`` with processor seconds and memory; what was served is counted by who sends, and in the file.
"""

import json
import os
import sys
import threading
from pathlib import Path

from evenload.app.bootstrap import serve
from evenload.app.log import set_up_logs
from evenload.app.settings import Settings
from ocpp_child import usage


def answer() -> None:
    """Answer until the input ends."""
    while sys.stdin.readline().strip():
        print(json.dumps(usage()), flush=True)
    os._exit(0)


def main() -> None:
    set_up_logs("error", "text")
    settings = Settings(port=0, database=Path(sys.argv[1]), tenants=("bench",), unknown_stations="accept")
    threading.Thread(target=answer, daemon=True).start()
    serve(settings, lambda address: print(address.port, flush=True))


if __name__ == "__main__":
    main()
