"""Runs so many no-op tasks with one of Python's own process pools. Called by bench/run, which takes the time."""

import concurrent.futures
import multiprocessing
import sys


def noop(_):
    return None


def drain(results, count):
    done = sum(1 for _ in results)
    if done != count:
        sys.exit(f"{done} results for {count} tasks")


def pool(count, chunk=1, tasks_per_child=None):
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=tasks_per_child) as workers:
        drain(workers.imap_unordered(noop, range(count), chunksize=chunk), count)


def executor(count, **options):
    with concurrent.futures.ProcessPoolExecutor(2, **options) as workers:
        futures = [workers.submit(noop, number) for number in range(count)]
        drain((future.result() for future in futures), count)


if __name__ == "__main__":
    kind, count = sys.argv[1], int(sys.argv[2])
    if kind == "pool":
        pool(count)
    elif kind == "pool_chunked":
        pool(count, chunk=100)
    elif kind == "pool_fresh":
        pool(count, tasks_per_child=1)
    elif kind == "executor":
        executor(count, mp_context=multiprocessing.get_context("fork"))
    elif kind == "executor_fresh":
        if sys.version_info < (3, 11):
            sys.exit("max_tasks_per_child needs Python 3.11")
        # Not allowed with fork: the executor has threads.
        executor(count, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    else:
        sys.exit(f"unknown peer {kind}")
