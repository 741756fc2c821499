"""Waits until the process that started it is gone, however it went, then stops one server: `guard.py PID SIGNAL`."""

import contextlib
import os
import sys

if __name__ == "__main__":
    pid, number = map(int, sys.argv[1:])
    # The other end of this pipe is open as long as the starter lives, and no longer.
    sys.stdin.buffer.read()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
