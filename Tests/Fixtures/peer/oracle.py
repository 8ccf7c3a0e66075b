"""What Python's own parsers make of documents.

Reads lines of a format's name and a document in hexadecimal, and answers each with a line: the value as canonical text,
or `!` and why there is none. Both sides of the comparison write the same text for the same value.
"""

import base64
import binascii
import bz2
import json
import struct
import sys
import uuid
import zlib
from datetime import date, datetime, time, timezone
from decimal import Decimal

import msgpack
import yaml
from celery.schedules import crontab
from kombu.utils.json import loads as kombu_loads

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

sys.set_int_max_str_digits(4300)


def double(number):
    if number != number:
        return "dnan"
    return "d" + struct.pack(">d", number).hex()


def text(value):
    # Lone surrogates, which only Python's texts can have, fail here.
    return value.encode("utf-8").hex()


def moment(value):
    naive = value.tzinfo is None
    if naive:
        value = value.replace(tzinfo=timezone.utc)
    since = value - datetime(1970, 1, 1, tzinfo=timezone.utc)
    seconds = since.days * 86400 + since.seconds
    return "T%d%s" % (seconds, "n" if naive else "z")


def canonical(value):
    if value is None:
        return "n"
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, int):
        return "i%d" % value
    if isinstance(value, float):
        return double(value)
    if isinstance(value, str):
        return "s" + text(value)
    if isinstance(value, (bytes, bytearray)):
        return "b" + bytes(value).hex()
    if isinstance(value, msgpack.ExtType):  # A tuple as well.
        return "x%d:%s" % (value.code, value.data.hex())
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key that is no text")
        members = sorted((text(key), canonical(member)) for key, member in value.items())
        return "{" + ",".join(key + ":" + member for key, member in members) + "}"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return "Y" + value.isoformat()
    if isinstance(value, time):
        return "H"
    if isinstance(value, Decimal):
        return "D" + ("dnan" if value.is_nan() else double(float(value)))
    if isinstance(value, uuid.UUID):
        return "u" + value.hex
    if isinstance(value, msgpack.Timestamp):
        return "x-1"
    raise ValueError("a value of type " + type(value).__name__)


def no_constant(word):
    raise ValueError("the constant " + word)


def envelope(document):
    message = kombu_loads(document)
    if not isinstance(message["properties"]["delivery_tag"], str):
        raise ValueError("a delivery tag that is no text")
    if not isinstance(message["body"], str):
        raise ValueError("a body that is no text")
    parts = [message["body"], message.get("content-type"), message.get("content-encoding")]
    if not all(part is None or isinstance(part, str) for part in parts):
        raise ValueError("a name that is no text")
    for fields in (message.get("headers", {}), message["properties"]):
        if not isinstance(fields, dict):
            raise ValueError("fields that are no object")
        parts.append(fields)
    return canonical(parts)


def schedule(document):
    minute, hour, day, month, weekday = document.decode("ascii").split()
    parsed = crontab(minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday)
    sets = [parsed.minute, parsed.hour, parsed.day_of_month, parsed.month_of_year, parsed.day_of_week]
    return canonical([sorted(values) for values in sets])


PARSERS = {
    "json": lambda document: canonical(json.loads(document.decode("utf-8"), parse_constant=no_constant)),
    "kombu": lambda document: canonical(kombu_loads(document)),
    "msgpack": lambda document: canonical(msgpack.unpackb(document, raw=False)),
    "yaml": lambda document: canonical(yaml.safe_load(document)),
    "envelope": envelope,
    "base64": lambda document: canonical(base64.b64decode(document, validate=True)),
    "zlib": lambda document: canonical(zlib.decompress(document)),
    "bzip2": lambda document: canonical(bz2.decompress(document)),
    "zstd": lambda document: canonical(zstd.decompress(document)),
    "crontab": schedule,
}


def answer(line):
    format, document = line.rstrip("\n").split(" ")
    try:
        return PARSERS[format](binascii.unhexlify(document))
    except (Exception, RecursionError) as error:
        return "!" + ascii("%s: %s" % (type(error).__name__, error))[1:161]


for line in sys.stdin:
    sys.stdout.write(answer(line) + "\n")
    sys.stdout.flush()
