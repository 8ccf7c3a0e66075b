"""Huey, for bench/peers-redis. python huey_peer.py NOOPS NOWS fills the queue; the timed ones go to "stash"."""

import os
import sys

import redis
from huey import RedisHuey

import bodies

huey = RedisHuey("peer", url=os.environ["PEER_REDIS"], results=False)


@huey.task()
def noop():
    bodies.noop()


@huey.task()
def now():
    bodies.now()


def fill(noops, nows):
    for _ in range(nows):
        now()
    redis.from_url(os.environ["PEER_REDIS"]).rename(huey.storage.queue_key, "stash")
    for _ in range(noops):
        noop()


if __name__ == "__main__":
    # The consumer imports this file by its name, and tasks are named after their module.
    import huey_peer

    huey_peer.fill(int(sys.argv[1]), int(sys.argv[2]))
