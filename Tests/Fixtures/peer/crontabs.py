"""Answers what follows on a time by Celery's crontab: a JSON object a line, with the fields and "start", in UTC."""

import json
import sys
from datetime import datetime, timezone

from celery import Celery
from celery.schedules import crontab

app = Celery("crontabs", set_as_current=True)
FIELDS = ["minute", "hour", "day_of_week", "day_of_month", "month_of_year"]


def following(question):
    try:
        schedule = crontab(**{name: question[name] for name in FIELDS}, app=app)
    except ValueError:
        return "error"
    at, found = datetime.fromtimestamp(question["start"], timezone.utc), []
    for _ in range(4):
        last, delta, _ = schedule.remaining_delta(at)
        at = last + delta
        found.append(int(at.timestamp()))
    return found


for line in sys.stdin:
    print(json.dumps(following(json.loads(line))), flush=True)
