"""Signs what a Celery program sends, for Celeriac workers that require it: sign_messages(app, "/path/to/key").

The key is a file with a line "hmac-sha256 BASE64", or with a private Ed25519 key in PEM, which needs the package
cryptography. Messages are in the serializer of app.conf.task_serializer and are not compressed.
"""

import base64
import hashlib
import hmac
import pathlib
import time

from celery.signals import before_task_publish
from kombu.serialization import dumps as serialize
from kombu.utils.json import dumps

HEADERS = (
    "task", "id", "root_id", "parent_id", "group", "group_index", "retries", "eta", "expires", "timelimit",
    "ignore_result", "replaced_task_nesting", "shadow", "argsrepr", "kwargsrepr", "origin", "stamped_headers",
    "stamps", "compression",
)


def load(path):
    """A function that signs bytes."""
    content = pathlib.Path(path).read_bytes()
    kind, _, secret = content.strip().partition(b" ")
    if kind == b"hmac-sha256":
        secret = base64.b64decode(secret)
        return lambda text: hmac.digest(secret, text, "sha256")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(content, password=None).sign


def signature(key_id, sign, headers, reply_to, content_type, content_encoding, payload):
    """The value of the header celeriac_signature."""
    seconds = int(time.time())
    values = [content_type, content_encoding]
    values += [headers.get(name) for name in HEADERS]
    values += [reply_to, "base64"]
    payload = payload if isinstance(payload, bytes) else payload.encode()
    body = hashlib.sha256(base64.b64encode(payload)).hexdigest()
    text = "\n".join(["celeriac-signature-v1", key_id, str(seconds), *map(dumps, values), body])
    return f"v1 {key_id} {seconds} {base64.b64encode(sign(text.encode())).decode()}"


def sign_messages(app, path):
    """Signs each message that this program sends from now on. The key's name is the file's."""
    key_id, sign = pathlib.Path(path).stem, load(path)

    @before_task_publish.connect(weak=False)
    def add_signature(body=None, headers=None, properties=None, **_):
        content_type, content_encoding, payload = serialize(body, app.conf.task_serializer)
        headers["celeriac_signature"] = signature(
            key_id, sign, headers, (properties or {}).get("reply_to"), content_type, content_encoding, payload
        )
