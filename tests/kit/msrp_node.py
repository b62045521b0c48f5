"""MSRP clients of msrp-node-lib (Node.js).

No registry has it, so who wants it to judge says where a checkout of it is: ``IMSEDGE_MSRP_NODE_LIB``.
"""

import json
import queue
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_SCRIPT = Path(__file__).resolve().parent.parent / "interop" / "msrp_node_client.js"
_PATIENCE = 20.0


class NodeClient:
    """``tell`` orders, ``hear`` what happens."""

    def __init__(self, host: str, port: int, setup: str) -> None:
        command = ["node", str(_SCRIPT), host, str(port), setup]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        self.hear("listening")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard.put(json.loads(line))

    def tell(self, **order: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def hear(self, kind: str) -> dict[str, Any]:
        """The next event of that kind; others before it are passed over, failures are not."""
        while True:
            event = self._heard.get(timeout=_PATIENCE)
            assert "failed" not in event, event
            if kind in event:
                return event
