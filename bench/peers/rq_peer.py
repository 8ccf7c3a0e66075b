"""RQ, for bench/peers-redis. python rq_peer.py NOOPS NOWS fills the queue; the timed ones go to the list "stash"."""

import os
import sys

import redis
import rq

import bodies


def fill(noops, nows):
    connection = redis.from_url(os.environ["PEER_REDIS"])
    queue = rq.Queue(connection=connection)
    queue.enqueue_many([rq.Queue.prepare_data(bodies.now, result_ttl=0) for _ in range(nows)])
    connection.rename("rq:queue:default", "stash")
    queue.enqueue_many([rq.Queue.prepare_data(bodies.noop, result_ttl=0) for _ in range(noops)])


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
