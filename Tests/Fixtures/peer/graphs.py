"""Sends random workflow graphs and judges what becomes of them: python graphs.py COUNT SEED.

Each graph is a chain, group or chord in others, up to three deep, of tasks that add up what they get. Some tasks fail,
are killed, expire, or are known to nobody. The last step has a callback and every step an errback, which leave a mark:
the callback "done GRAPH", the errback "failed GRAPH". Of each graph one of the two is right:

- nothing in it can fail: its result is what the graph adds up to, and there is one mark "done";
- something must fail: its result is an error, there is no mark "done", and if the error is not that it was called off,
  at least one mark "failed".

Afterwards nothing of it may be pending, neither a task of it nor a message nor a chord. A line of JSON tells what is
wrong. GRAPHS_FAULTS names the faults there may be, GRAPHS_ONLY one graph of the seed's, GRAPHS_PATIENCE the seconds
to wait.
"""

import json
import os
import random
import sys
import time

import redis
from celery import chain, chord, group, signature
from celery.result import AsyncResult, GroupResult

import canvas
from tasks import app

FAULTS = os.environ.get("GRAPHS_FAULTS", "fail kill unknown expired").split()


class Graph:
    """A workflow, what it adds up to, and whether something in it must fail."""

    def __init__(self, number, seed):
        self.number = number
        self.chance = random.Random(seed * 1_000_003 + number)
        self.faults = []
        self.may_fail = FAULTS and self.chance.random() < 0.5
        sig = self.sum(3)
        done = signature("tasks.note", args=(f"done {number}",), app=app)
        failed = signature("tasks.note", args=(f"failed {number}",), app=app)
        end = signature("tasks.total", app=app)
        self.sig = chain(sig, end)
        self.sig.link(done)
        self.sig.link_error(failed)

    def task(self):
        if self.may_fail and self.chance.random() < 0.2:
            self.faults.append(self.chance.choice(FAULTS))
            return self.faulty(self.faults[-1])
        return signature("tasks.total", kwargs={"own": self.chance.randrange(10)}, app=app)

    def faulty(self, fault):
        if fault == "fail":
            return signature("tasks.fail", args=(f"graph {self.number}",), app=app, immutable=True)
        if fault == "kill":
            return signature("demo.kill_self", app=app, immutable=True)
        if fault == "unknown":
            return signature("tasks.nobody_knows", app=app)
        return signature("tasks.total", app=app).set(expires=-1)

    def sum(self, depth):
        """A signature. Each step of a chain adds to what it gets; a chord gives it to each member of its header."""
        kinds = ["chain", "chord", "group"]
        kind = self.chance.choice(kinds if depth == 3 else kinds + ["task"] if depth else ["task"])
        if kind == "task":
            return self.task()
        members = [self.sum(depth - 1) for _ in range(self.chance.randint(1, 3))]
        if kind == "chain":
            return chain(*members)
        # A group has something behind it, or is a member of a header.
        return group(members) if kind == "group" else chord(members, self.sum(depth - 1))


def value_of(sig, given):
    kind = sig.get("subtask_type")
    if kind == "chain":
        for step in sig.tasks:
            given = value_of(step, given)
        return given
    if kind == "group":
        return [value_of(member, given) for member in sig.tasks]
    if kind == "chord":
        members = sig.tasks.tasks if hasattr(sig.tasks, "tasks") else sig.tasks
        return value_of(sig.body, [value_of(member, given) for member in members])
    return add_up(given) + sig.kwargs.get("own", 0)


def add_up(value):
    return sum(map(add_up, value)) if isinstance(value, list) else value


def run(count, seed):
    only = os.environ.get("GRAPHS_ONLY")
    graphs = [Graph(number, seed) for number in ([int(only)] if only else range(count))]
    sent = []
    for graph in graphs:
        sent.append((graph, graph.sig.apply_async()))
    deadline = time.time() + float(os.environ.get("GRAPHS_PATIENCE", "120"))
    wrong = []
    for graph, result in sent:
        value = wait(result, deadline)
        if value is None:
            wrong.append(describe(graph, result, "no result"))
        elif graph.faults and not isinstance(value, BaseException):
            wrong.append(describe(graph, result, f"should have failed: {value!r}"))
        elif not graph.faults and value != value_of(graph.sig, 0):
            wrong.append(describe(graph, result, f"{value!r} is not {value_of(graph.sig, 0)}"))
        graph.error = value if isinstance(value, BaseException) else None
    wrong += settle(sent, deadline)
    kinds = {}
    for graph, _ in sent:
        for fault in graph.faults or ["none"]:
            kinds[fault] = kinds.get(fault, 0) + 1
    print(json.dumps({"graphs": count, "faults": kinds, "wrong": wrong}), flush=True)
    return wrong


def wait(result, deadline):
    try:
        return result.get(timeout=max(0.1, deadline - time.time()), propagate=False)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return None


def settle(sent, deadline):
    """Waits until no message is left, then looks at marks and states."""
    broker = redis.from_url(os.environ["PEER_BROKER"])
    marks = redis.from_url(os.environ["PEER_MARKS"])
    lists = ["celery", "celeriac.joins"]
    quiet = 0
    while quiet < 3 and time.time() < deadline + 20:
        left = sum(broker.llen(name) for name in lists) + broker.hlen("unacked") + broker.zcard("celeriac.scheduled")
        quiet = quiet + 1 if left == 0 else 0
        time.sleep(0.05)
    wrong = [] if quiet else [f"messages are left: {[(name, broker.llen(name)) for name in lists]}, {broker.hkeys('unacked')}"]
    # A callback is sent once; it may run twice when it is killed, under the same id.
    found = [mark.rsplit(" ", 1)[0] for mark in {mark.decode() for mark in marks.lrange("marks", 0, -1)}]
    for graph, result in sent:
        done, failed = (found.count(f"{word} {graph.number}") for word in ("done", "failed"))
        revoked = "Revoked" in type(graph.error).__name__
        if done != (graph.error is None) or (graph.error is None) != (failed == 0) and not revoked:
            wrong.append(describe(graph, result, f"{done} done, {failed} failed"))
        # Of what is in it, a client knows ids that it has sent to nobody: for those, messages and chords are looked at.
        if AsyncResult(result.id, app=app).state not in ("SUCCESS", "FAILURE", "REVOKED"):
            wrong.append(describe(graph, result, "it is pending"))
    results = redis.from_url(os.environ["PEER_BACKEND"])
    open_chords = [key.decode() for key in results.scan_iter("celery-taskset-meta-*.j")]
    return wrong + ([f"chords are open: {open_chords}"] if open_chords and not os.environ.get("GRAPHS_MIXED") else [])


def describe(graph, result, text):
    return {"graph": graph.number, "faults": graph.faults, "what": text, "error": repr(getattr(graph, "error", None)),
            "shape": repr(graph.sig)[:600]}


if __name__ == "__main__":
    sys.exit(1 if run(int(sys.argv[1]), int(sys.argv[2])) else 0)
