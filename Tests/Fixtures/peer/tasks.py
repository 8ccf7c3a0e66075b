"""The tasks of celeriac-demo, in Python. A worker: python -m celery -A tasks worker, in this directory.

Configured by the environment: PEER_BROKER and PEER_BACKEND are URLs, PEER_SETTINGS is a JSON object of Celery
settings, PEER_MARKS the URL of the Redis that tasks.mark writes to, PEER_SIGNING_KEY the file of a key to sign with.
"""

import json
import os
import time

import celeriac_signing
import redis
from celery import Celery, group

app = Celery("peer", broker=os.environ["PEER_BROKER"], backend=os.environ.get("PEER_BACKEND"))
settings = {
    "broker_connection_retry_on_startup": True,
    "worker_prefetch_multiplier": 1,
    "task_acks_late": True,
}
app.conf.update(settings | json.loads(os.environ.get("PEER_SETTINGS", "{}")))
if "PEER_SIGNING_KEY" in os.environ:
    celeriac_signing.sign_messages(app, os.environ["PEER_SIGNING_KEY"])
    celeriac_signing.sign_requests(app, os.environ["PEER_SIGNING_KEY"])
if app.conf.security_key:
    app.setup_security()


@app.task(name="tasks.add")
def add(x, y):
    return x + y


@app.task(name="tasks.mul")
def mul(x, y):
    return x * y


@app.task(name="tasks.xsum")
def xsum(numbers):
    return sum(numbers)


@app.task(name="tasks.identity")
def identity(x):
    return x


@app.task(name="tasks.fail")
def fail(msg="failed on purpose"):
    raise ValueError(msg)


@app.task(name="tasks.sleep")
def sleep(seconds):
    time.sleep(seconds)
    return seconds


@app.task(name="tasks.retry_once", bind=True)
def retry_once(self, x):
    if self.request.retries == 0:
        raise self.retry(countdown=0.3)
    return x


@app.task(name="tasks.mark")
def mark(key, seconds):
    """Waits, then leaves a trace: one element more in the list of marks."""
    time.sleep(float(seconds))
    with redis.from_url(os.environ["PEER_MARKS"]) as marks:
        marks.rpush("marks", key)


@app.task(name="tasks.note", bind=True)
def note(self, given, text):
    """Leaves a text and its own id in the list of marks, and returns what it was given."""
    with redis.from_url(os.environ["PEER_MARKS"]) as marks:
        marks.rpush("marks", f"{text} {self.request.id}")
    return given


@app.task(name="tasks.total")
def total(given=0, own=0):
    """The sum of its arguments, of which the first may be a list."""
    return (sum(map(total, given)) if isinstance(given, list) else given) + own


@app.task(name="demo.kill_self")
def kill_self():
    os.kill(os.getpid(), 9)


@app.task(name="tasks.replace", bind=True)
def replace(self, x):
    """Has another task, and then a group, do its work."""
    return self.replace(add.s(x, 100) | group(mul.s(2), mul.s(3)))


@app.task(name="demo.noop")
def noop():
    return None
