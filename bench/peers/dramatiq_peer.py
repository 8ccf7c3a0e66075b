"""Dramatiq, for bench/peers-redis. python dramatiq_peer.py NOOPS NOWS fills the queue; the timed ones go to "stash"."""

import os
import sys

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

import bodies

dramatiq.set_broker(RedisBroker(url=os.environ["PEER_REDIS"]))
noop = dramatiq.actor(bodies.noop)
now = dramatiq.actor(bodies.now)


def fill(noops, nows):
    for _ in range(nows):
        now.send()
    redis.from_url(os.environ["PEER_REDIS"]).rename("dramatiq:default", "stash")
    for _ in range(noops):
        noop.send()


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
