"""Celery, for bench/peers-redis. Messages do not come from here: see celery_messages.py."""

import json
import os

from celery import Celery

import bodies

app = Celery("peer", broker=os.environ["PEER_REDIS"], backend=os.environ["PEER_REDIS"].replace("/0", "/1"))
app.conf.update(json.loads(os.environ["PEER_SETTINGS"]))
app.task(name="demo.noop")(bodies.noop)
app.task(name="demo.now")(bodies.now)
