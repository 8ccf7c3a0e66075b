"""A Celery client on a leash: a JSON command on each line of standard input, a JSON answer on standard output.

Values are written as Celery's own JSON does, so that dates, decimals and the like can be said. Every answer is an
object; an error of the command itself is {"error": text}.
"""

import datetime
import decimal
import sys
import threading
import traceback
import uuid

import canvas
from celery import chain
from celery.result import AsyncResult, GroupResult
from kombu.utils import json

from tasks import app

NAMES = {"datetime": datetime, "decimal": decimal, "uuid": uuid, "inf": float("inf"), "nan": float("nan")}


def signature(description):
    options = options_of(description)
    made = app.signature(
        description["task"],
        args=tuple(description.get("args", ())),
        kwargs=description.get("kwargs", {}),
        immutable=description.get("immutable", False),
    )
    return made.set(**options)


def options_of(description):
    """Options of apply_async; eta is given in seconds from now."""
    options = dict(description.get("options", {}))
    if "eta" in options:
        options["eta"] = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=options["eta"])
    for name in ("link", "link_error"):
        if name in options:
            options[name] = [signature(one) for one in options[name]]
    return options


def send(command):
    result = signature(command).apply_async()
    return {"id": result.id}


def send_expression(command):
    """Sends what a Python expression says, to see values as Python sees them."""
    value = eval(command["expression"], dict(NAMES))
    result = app.send_task(command["task"], args=[value], **options_of(command))
    return {"id": result.id, "repr": repr(value)}


def send_many(command):
    with app.producer_or_acquire() as producer:
        results = [
            app.send_task(command["task"], kwargs=kwargs, producer=producer, **options_of(command))
            for kwargs in command["calls"]
        ]
    return {"ids": [result.id for result in results]}


def send_chain(command):
    result = chain(*[signature(step) for step in command["steps"]]).apply_async(**options_of(command))
    ids = []
    while result is not None:
        ids.insert(0, result.id)
        result = result.parent
    return {"ids": ids}


def send_workflow(command):
    """The id is the result's: of a group the group's own, with its members' ids."""
    result = canvas.build(command["workflow"], signature).apply_async()
    KEPT[result.id] = result
    answer = {"id": result.id, "ids": canvas.ids(result)}
    if isinstance(result, GroupResult):
        result.save()
        answer["members"] = [member.id for member in result.results]
    return answer


def get_workflow(command):
    """What the client that sent it sees."""
    result = KEPT[command["id"]]
    value = result.get(timeout=command["timeout"], propagate=False)
    return describe(result, value) if not isinstance(result, GroupResult) else {"state": "", "value": plain(value)}


def plain(value):
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def restore(command):
    """A saved group, found again by its id."""
    result = GroupResult.restore(command["id"], app=app)
    return {"value": plain(result.get(timeout=command["timeout"], propagate=False))}


def states(command):
    return {"states": {one: AsyncResult(one, app=app).state for one in command["ids"]}}


def get(command):
    result = AsyncResult(command["id"], app=app)
    value = result.get(timeout=command["timeout"], propagate=False)
    return describe(result, value)


def state(command):
    return {"state": AsyncResult(command["id"], app=app).state}


def revoke(command):
    app.control.revoke(command["id"], terminate=command.get("terminate", False))
    return {}


def broadcast(command):
    """A request as it is, and what was answered: a list of objects, by node."""
    options = {name: command[name] for name in ("destination", "pattern", "matcher") if name in command}
    replies = app.control.broadcast(
        command["method"], command.get("arguments", {}), reply=True, timeout=command.get("timeout", 5),
        limit=command.get("limit", 1), **options
    )
    return {"replies": replies or []}


def inspect(command):
    """A method of app.control.inspect()."""
    inspector = app.control.inspect(timeout=command.get("timeout", 5), limit=command.get("limit", 1))
    return {"replies": getattr(inspector, command["method"])(*command.get("args", [])) or {}}


def control(command):
    """A method of app.control."""
    method = getattr(app.control, command["method"])
    replies = method(*command.get("args", []), reply=True, timeout=command.get("timeout", 5), limit=1)
    return {"replies": replies or []}


class Listener:
    """What events tell, as app.events.State sees it."""

    def __init__(self):
        self.state = app.events.State()
        self.events = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with app.connection_for_read() as connection:
            receiver = app.events.Receiver(connection, handlers={"*": self.take})
            receiver.capture(wakeup=False)

    def take(self, event):
        self.events.append(event)
        self.state.event(event)


listener = None


def listen(command):
    global listener
    listener = Listener()
    return {}


def heard(command):
    state = listener.state
    tasks = {
        id: {"state": task.state, "name": task.name, "worker": task.worker.hostname if task.worker else None,
             "exception": task.exception, "result": task.result, "traceback": task.traceback}
        for id, task in state.tasks.items()
    }
    workers = {name: {"alive": worker.alive, "active": worker.active} for name, worker in state.workers.items()}
    return {"events": listener.events, "tasks": tasks, "workers": workers}


def describe(result, value):
    answer = {"state": result.state, "repr": repr(value), "traceback": result.traceback}
    if isinstance(value, BaseException):
        kind = type(value)
        answer["exception"] = {
            "type": kind.__qualname__,
            "module": kind.__module__,
            "message": str(value),
            "args": [one if isinstance(one, (int, float, str)) else repr(one) for one in value.args],
        }
    elif is_strict(value):
        answer["value"] = value
    return answer


def is_strict(value):
    """Whether a parser that knows no NaN and no Infinity can read the value."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


KEPT = {}
COMMANDS = {
    "send": send,
    "send_expression": send_expression,
    "send_many": send_many,
    "send_chain": send_chain,
    "send_workflow": send_workflow,
    "get_workflow": get_workflow,
    "restore": restore,
    "states": states,
    "get": get,
    "state": state,
    "revoke": revoke,
    "broadcast": broadcast,
    "inspect": inspect,
    "control": control,
    "listen": listen,
    "heard": heard,
}


def answer(line):
    command = json.loads(line)
    try:
        return COMMANDS[command["do"]](command)
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
