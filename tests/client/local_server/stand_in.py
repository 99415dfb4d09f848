"""Started as `fnt-server run` would be: takes its options, listens, and tells its state.

`STAND_IN` says how it behaves: `dies` with a reason, is `slow` (never ready), or has a version.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

how = os.environ.get("STAND_IN", "99.0.0")
folder = Path(sys.argv[sys.argv.index("--local-folder") + 1])
with (folder / "starts").open("a") as starts:
    starts.write(f"{os.getpid()}\n")
(folder / "environment").write_text("\n".join(os.environ))
if how == "dies":
    sys.stderr.write("INFO something\nfnt-server: cannot use the database: its file is damaged\n\n")
    sys.exit(2)


def end(*_: object) -> None:
    (folder / "server.json").unlink()
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
os.umask(0o077)
state = {"pid": os.getpid(), "version": how, "url": "", "idle_s": 1}
(folder / "server.json").write_text(json.dumps(state))
with socket.create_server(("127.0.0.1", 0)) as listener:
    if how != "slow":
        (folder / "token").write_text("fnt_secret\n")
        draft = folder / "draft"
        draft.write_text(
            json.dumps({**state, "url": f"http://127.0.0.1:{listener.getsockname()[1]}"})
        )
        draft.replace(folder / "server.json")
    time.sleep(60)
