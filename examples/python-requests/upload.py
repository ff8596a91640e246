#!/usr/bin/env python3
"""Screens files with Gatehouse and publishes those that have a receipt, and no others.

    upload.py --publish DIR FILE...

Environment: GATEHOUSE_URL (http://127.0.0.1:8080) and GATEHOUSE_KEY, a key with the rights uploads:write, uploads:read, receipts:verify.
Exit code: 0 all were published, 1 at least one may not be published, 2 at least one could not be decided: nothing of it was published, try again.

Needs Python 3.9 and requests (Debian: python3-requests).
"""
import argparse
import base64
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import requests

WAIT_S = 60
# Longer than the longest wait that is asked for.
TIMEOUT_S = (5, WAIT_S + 30)
RETRY_LONGEST_S = 60


class Undecided(Exception):
    """No answer that may be relied upon. Nothing was published."""


class Gatehouse:
    def __init__(self, url, key, attempts):
        self.url = url.rstrip("/")
        self.attempts = attempts
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
                if answer.status_code not in (429, 503):
                    return answer
                fault = f"status {answer.status_code}"
                pause = int(answer.headers.get("Retry-After", pause))
            except requests.RequestException as error:
                fault = type(error).__name__
            if attempt + 1 < self.attempts:
                time.sleep(min(pause, RETRY_LONGEST_S))
        raise Undecided(f"Gatehouse gave no answer ({fault})")

    def decide(self, path, digest):
        """The upload, decided. The digest is announced twice, so that nothing else than this file can get the receipt."""
        size = path.stat().st_size
        # The same file with the same name is the same upload, however often this program is started again.
        key = hashlib.sha256(f"{path.name}\0{digest.hex()}".encode()).hexdigest()
        created = self.call(
            "POST",
            "/v1/uploads",
            headers={"Idempotency-Key": key},
            json={"reference": digest.hex()[:16], "sizeBytes": size, "sha256": digest.hex()},
        )
        if created.status_code not in (200, 201):
            raise Undecided(f"the upload was not taken (status {created.status_code})")
        upload = created.json()
        if upload["state"] in ("created", "receiving"):
            headers = {"Content-Type": "application/octet-stream", "Content-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:"}
            sent = self.call("PUT", upload["links"]["content"], headers=headers, make_body=lambda: path.open("rb"))
            if sent.status_code == 413:
                return {"message": "The file is too large."}
            if sent.status_code not in (200, 202):
                raise Undecided(f"the content was not taken (status {sent.status_code})")
            upload = sent.json()
        for _ in range(self.attempts):
            if upload["state"] not in ("received", "scanning"):
                return upload
            upload = self.call("GET", f"{upload['links']['self']}?wait={WAIT_S}").json()
        raise Undecided("the file is still being checked")

    def is_valid(self, receipt, digest, size):
        checked = self.call("POST", "/v1/receipts/verify", json={"receipt": receipt, "sha256": digest.hex(), "size": size})
        answer = checked.json() if checked.status_code == 200 else {}
        return answer.get("valid") is True and answer.get("isContentChecked") is True


def read_digest(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 16), b""):
            digest.update(piece)
    return digest.digest()


def publish(path, receipt, digest, folder):
    """The bytes that the receipt names, or nothing: the digest is taken of what is written."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (digest.hex() + path.suffix.lower())
    part = target.with_suffix(".part")
    written = hashlib.sha256()
    with path.open("rb") as source, part.open("wb") as copy:
        for piece in iter(lambda: source.read(1 << 16), b""):
            written.update(piece)
            copy.write(piece)
    if written.digest() != digest:
        part.unlink()
        raise Undecided("the file changed while it was checked")
    target.with_suffix(".receipt").write_text(receipt)
    part.rename(target)
    return target


def handle(gatehouse, path, folder):
    digest = read_digest(path)
    upload = gatehouse.decide(path, digest)
    receipt = upload.get("receipt")
    if receipt is None:
        return {"file": str(path), "published": None, "message": upload.get("message", "This file cannot be published.")}
    if not gatehouse.is_valid(receipt, digest, path.stat().st_size):
        raise Undecided("the receipt is not valid for this file")
    return {"file": str(path), "published": str(publish(path, receipt, digest, folder)), "message": upload["message"]}


def main():
    parser = argparse.ArgumentParser(description="Publishes files that Gatehouse gives a receipt for.")
    parser.add_argument("--publish", type=Path, required=True, metavar="DIR", help="where files with a receipt go")
    parser.add_argument("--attempts", type=int, default=5, help="how often a request is sent before nothing is published (5)")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    gatehouse = Gatehouse(os.environ.get("GATEHOUSE_URL", "http://127.0.0.1:8080"), os.environ["GATEHOUSE_KEY"], options.attempts)
    code = 0
    for path in options.files:
        try:
            result = handle(gatehouse, path, options.publish)
            code = max(code, 0 if result["published"] else 1)
        except (Undecided, OSError) as error:
            result = {"file": str(path), "published": None, "message": f"Not published: {error}. Try again later."}
            code = 2
        print(json.dumps(result))
    return code


if __name__ == "__main__":
    sys.exit(main())
