"""Messages as Celery 5.7 puts them into Redis, made without Celery."""

import base64
import json
import uuid

BODY = base64.b64encode(
    json.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()
).decode()


def message(task, identifier, ignore_result):
    headers = {
        "lang": "py", "task": task, "id": identifier, "shadow": None, "eta": None, "expires": None, "group": None,
        "group_index": None, "retries": 0, "timelimit": [None, None], "root_id": identifier, "parent_id": None,
        "argsrepr": "()", "kwargsrepr": "{}", "origin": "gen1@bench", "ignore_result": ignore_result,
        "replaced_task_nesting": 0, "stamped_headers": None, "stamps": {},
    }
    properties = {
        "correlation_id": identifier, "reply_to": str(uuid.uuid4()), "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "celery"}, "priority": 0, "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }
    return json.dumps({
        "body": BODY, "content-encoding": "utf-8", "content-type": "application/json", "headers": headers,
        "properties": properties,
    })
