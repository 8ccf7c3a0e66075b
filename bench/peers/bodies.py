"""What the tasks of every Python peer do: nothing, but in a way that can be counted and timed."""

import os
import time

_files = {}


def _append(path, data):
    if path not in _files:
        _files[path] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(_files[path], data)


def noop():
    """One byte more in the file of ticks: the proof that it ran, for about a microsecond."""
    _append(os.environ["PEER_TICKS"], b".")


def now():
    """One line more in the file of times: when the body began."""
    _append(os.environ["PEER_TIMES"], b"%.6f\n" % time.time())
