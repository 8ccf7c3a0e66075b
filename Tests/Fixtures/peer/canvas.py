"""Workflows for client.py, as JSON describes them, and random ones.

{"chain": [...]}, {"group": [...]}, {"chord": [...], "body": ...}, {"map"/"starmap": task, "it": [...]},
{"chunks": task, "it": [...], "n": 2}, or a task as client.signature takes it. Each may have "link", "link_error" (lists
of workflows), "stamps" (an object) and "options".
"""

from celery import chain, chord, group
from celery.canvas import chunks, xmap, xstarmap

LISTS = {"map": xmap, "starmap": xstarmap}


def build(description, signature):
    made = shape(description, signature)
    for callback in description.get("link", ()):
        made.link(build(callback, signature))
    for errback in description.get("link_error", ()):
        made.link_error(build(errback, signature))
    if "stamps" in description:
        made.stamp(**description["stamps"])
    return made


def shape(description, signature):
    def all_of(descriptions):
        return [build(one, signature) for one in descriptions]

    options = description.get("options", {})
    if "chain" in description:
        return chain(*all_of(description["chain"])).set(**options)
    if "group" in description:
        return group(all_of(description["group"])).set(**options)
    if "chord" in description:
        return chord(all_of(description["chord"]), build(description["body"], signature)).set(**options)
    for name, made in LISTS.items():
        if name in description:
            return made(signature(task(description[name])), description["it"]).set(**options)
    if "chunks" in description:
        return chunks(signature(task(description["chunks"])), description["it"], description["n"]).group()
    return signature(description)


def task(name):
    return {"task": name}


def ids(result):
    """The ids of all tasks of a result and its parents, and of the groups among them."""
    found = []
    while result is not None:
        if hasattr(result, "results"):
            found += [one for member in result.results for one in ids(member)]
        else:
            found.append(result.id)
        result = result.parent
    return found
