"""Signs what a Celery program sends, for Celeriac workers that require it: sign_messages(app, "/path/to/key"), and what
it asks workers: sign_requests(app, "/path/to/key").

The key is a file with a line "hmac-sha256 BASE64", or with a private Ed25519 key in PEM, which needs the package
cryptography. Messages are in the serializer of app.conf.task_serializer and are not compressed.
"""

import base64
import contextlib
import hashlib
import hmac
import pathlib
import secrets
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


def signature(what, key_id, sign, values, payload):
    """The value of the header celeriac_signature."""
    seconds = int(time.time())
    payload = payload if isinstance(payload, bytes) else payload.encode()
    body = hashlib.sha256(base64.b64encode(payload)).hexdigest()
    text = "\n".join([what, key_id, str(seconds), *map(dumps, values), body])
    return f"v1 {key_id} {seconds} {base64.b64encode(sign(text.encode())).decode()}"


def sign_messages(app, path):
    """Signs each message that this program sends from now on. The key's name is the file's."""
    key_id, sign = pathlib.Path(path).stem, load(path)

    @before_task_publish.connect(weak=False)
    def add_signature(body=None, headers=None, properties=None, **_):
        content_type, content_encoding, payload = serialize(body, app.conf.task_serializer)
        values = [content_type, content_encoding, *(headers.get(name) for name in HEADERS)]
        values += [(properties or {}).get("reply_to"), "base64"]
        headers["celeriac_signature"] = signature("celeriac-signature-v1", key_id, sign, values, payload)


def sign_requests(app, path):
    """Signs each request of app.control from now on. The key's name is the file's."""
    key_id, sign = pathlib.Path(path).stem, load(path)
    mailbox = app.control.mailbox
    acquire = mailbox.producer_or_acquire

    class SigningProducer:
        def __init__(self, producer):
            self.producer = producer

        def publish(self, body, headers, serializer=None, **options):
            content_type, content_encoding, payload = serialize(body, serializer)
            nonce = secrets.token_hex(16)
            values = [content_type, content_encoding, nonce, None, "base64"]
            text = signature("celeriac-control-v1", key_id, sign, values, payload)
            headers = {**headers, "celeriac_nonce": nonce, "celeriac_signature": text}
            return self.producer.publish(body, headers=headers, serializer=serializer, **options)

    @contextlib.contextmanager
    def producer_or_acquire(producer=None, channel=None):
        with acquire(producer, channel) as producer:
            yield SigningProducer(producer)

    mailbox.producer_or_acquire = producer_or_acquire
