#!/usr/bin/env python3
"""Screens files with Gatehouse and publishes those that have a receipt, and no others.

    upload.py --publish DIR FILE...

Environment: GATEHOUSE_URL (http://127.0.0.1:8080) and GATEHOUSE_KEY, a key with the rights uploads:write, uploads:read, receipts:verify.
Exit code: 0 all were published, 1 at least one may not be published, 2 at least one could not be decided (or the program was started wrongly): nothing
of it was published, try again.

Needs Python 3.9 and requests (Debian: python3-requests).
"""
import argparse
import base64
import hashlib
import json
import os
import sys
import time
import uuid
from pathlib import Path

import requests

WAIT_S = 60
# Longer than the longest wait that is asked for.
TIMEOUT_S = (5, WAIT_S + 30)
RETRY_LONGEST_S = 60
# By the type that Gatehouse found in the content. The end of a file's name is the sender's: `.html` would be run by browsers, `.receipt` would lie on a receipt.
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif", "image/avif": ".avif"}


class Undecided(Exception):
    """No answer that may be relied upon. Nothing was published."""


class Gatehouse:
    def __init__(self, url, key, attempts, accepts_stub=False):
        self.url = url.rstrip("/")
        self.attempts = attempts
        # A Gatehouse in stub mode says what a test wants to hear.
        self.accepts_stub = accepts_stub
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = "Bearer " + key

    def call(self, method, path, **options):
        """One request, again after 429, 503 and broken connections. A body is given as a function, because it is read anew each time."""
        make_body = options.pop("make_body", None)
        fault = "no answer"
        for attempt in range(self.attempts):
            pause = 2**attempt
            try:
                if make_body is not None:
                    options["data"] = make_body()
                answer = self.session.request(method, self.url + path, timeout=TIMEOUT_S, allow_redirects=False, **options)
                if "Gatehouse-Stub" in answer.headers and not self.accepts_stub:
                    raise Undecided("this Gatehouse is in stub mode, for tests only")
                if answer.status_code not in (429, 503):
                    return answer
                fault = f"status {answer.status_code}"
                told = answer.headers.get("Retry-After", "")
                pause = int(told) if told.isdecimal() else pause
            except requests.RequestException as error:
                fault = type(error).__name__
            if attempt + 1 < self.attempts:
                time.sleep(min(pause, RETRY_LONGEST_S))
        raise Undecided(f"Gatehouse gave no answer ({fault})")

    def decide(self, path, digest):
        """The upload, decided. The digest is announced twice, so that nothing else than this file can get the receipt."""
        # The same file with the same name is the same upload, however often this program is started again. One that was never sent, or whose time is over, is gone.
        for turn in range(3):
            key = hashlib.sha256(f"{path.name}\0{digest.hex()}\0{turn}".encode(errors="surrogateescape")).hexdigest()
            body = {"reference": digest.hex()[:16], "sizeBytes": path.stat().st_size, "sha256": digest.hex()}
            created = self.call("POST", "/v1/uploads", headers={"Idempotency-Key": key}, json=body)
            if created.status_code == 410:
                continue
            upload = read_upload(created)
            if upload["state"] not in ("expired", "deleted"):
                return self.wait(self.send(upload, path, digest))
        raise Undecided("the upload is no longer stored")

    def send(self, upload, path, digest):
        if upload["state"] not in ("created", "receiving"):
            return upload
        headers = {"Content-Type": "application/octet-stream", "Content-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:"}
        return read_upload(self.call("PUT", upload["links"]["content"], headers=headers, make_body=lambda: path.open("rb")))

    def wait(self, upload):
        for _ in range(self.attempts):
            if upload["state"] not in ("received", "scanning"):
                return upload
            upload = read_upload(self.call("GET", f"{upload['links']['self']}?wait={WAIT_S}"))
        raise Undecided("the file is still being checked")

    def is_valid(self, receipt, digest, size):
        checked = self.call("POST", "/v1/receipts/verify", json={"receipt": receipt, "sha256": digest.hex(), "size": size})
        answer = checked.json() if checked.status_code == 200 else {}
        return answer.get("valid") is True and answer.get("isContentChecked") is True


def read_upload(answer):
    if answer.status_code == 413:
        return {"state": "refused", "message": "The file is too large."}
    if answer.status_code not in (200, 201, 202):
        raise Undecided(f"Gatehouse did not take the request (status {answer.status_code})")
    return answer.json()


def read_digest(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 16), b""):
            digest.update(piece)
    return digest.digest()


def publish(path, upload, digest, folder):
    """The bytes that the receipt names, or nothing: the digest is taken of what is written."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (digest.hex() + SUFFIXES.get(upload.get("mediaType"), ".bin"))
    # Under a name of its own first: nobody sees half of it, and no other run writes into it.
    part = folder / f".{uuid.uuid4().hex}.part"
    try:
        written = hashlib.sha256()
        with path.open("rb") as source, part.open("xb") as copy:
            for piece in iter(lambda: source.read(1 << 16), b""):
                written.update(piece)
                copy.write(piece)
        if written.digest() != digest:
            raise Undecided("the file changed while it was checked")
        target.with_suffix(".receipt").write_text(upload["receipt"])
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def handle(gatehouse, path, folder):
    digest = read_digest(path)
    upload = gatehouse.decide(path, digest)
    if upload.get("receipt") is None:
        # Held for want of an answer: not the file's fault.
        if upload.get("screening", {}).get("verdict") == "error":
            raise Undecided(f"it could not be checked, and is held (reference {upload['id']})")
        return {"file": str(path), "published": None, "message": upload.get("message", "This file cannot be published.")}
    if not gatehouse.is_valid(upload["receipt"], digest, path.stat().st_size):
        raise Undecided("the receipt is not valid for this file")
    return {"file": str(path), "published": str(publish(path, upload, digest, folder)), "message": upload.get("message", "")}


def main():
    parser = argparse.ArgumentParser(description="Publishes files that Gatehouse gives a receipt for.")
    parser.add_argument("--publish", type=Path, required=True, metavar="DIR", help="where files with a receipt go")
    parser.add_argument("--attempts", type=int, default=5, help="how often a request is sent before nothing is published (5)")
    parser.add_argument("--accept-stub", action="store_true", help="for tests: believe a Gatehouse in stub mode")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    key = os.environ.get("GATEHOUSE_KEY", "")
    if key == "" or options.attempts < 1:
        parser.error("GATEHOUSE_KEY must hold a key" if key == "" else "--attempts must be at least 1")
    gatehouse = Gatehouse(os.environ.get("GATEHOUSE_URL", "http://127.0.0.1:8080"), key, options.attempts, options.accept_stub)
    code = 0
    for path in options.files:
        try:
            result = handle(gatehouse, path, options.publish)
            code = max(code, 0 if result["published"] else 1)
        # The last four: an answer that is none of Gatehouse's.
        except (Undecided, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            result = {"file": str(path), "published": None, "message": f"Not published: {error}. Try again later."}
            code = 2
        print(json.dumps(result))
    return code


if __name__ == "__main__":
    sys.exit(main())
