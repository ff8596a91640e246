"""Asks Gatehouse about every file that Synapse is about to store, local or from other servers.

A module of Synapse (1.62 or later) with the callback `check_media_file_for_spam`. Only the answer 200 of `POST /v1/hooks/raw` that says `Gatehouse-Outcome:
release` lets a file be stored; an error, a time-out and every other answer do not, nor does a 200 of somebody else, nor one of stub mode.
"""

import http.client
import logging
import ssl
import urllib.parse
from typing import Any, Dict, Tuple

from synapse.module_api import NOT_SPAM
from synapse.module_api.errors import Codes, ConfigError

logger = logging.getLogger(__name__)

READ_BYTES = 65536


class Gatehouse:
    def __init__(self, config: Dict[str, Any], api: Any) -> None:
        self._config = config
        self._api = api
        api.register_spam_checker_callbacks(check_media_file_for_spam=self.check_media_file_for_spam)

    @staticmethod
    def parse_config(config: Dict[str, Any]) -> Dict[str, Any]:
        url = urllib.parse.urlsplit(str(config.get("url", "")))
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ConfigError("gatehouse: `url` must be the address of Gatehouse")
        try:
            if "key_file" in config:
                with open(config["key_file"], encoding="ascii") as file:
                    key = file.read().strip()
            else:
                key = str(config.get("key", ""))
        except OSError as error:
            raise ConfigError("gatehouse: `key_file` cannot be read") from error
        if not key.startswith("gh_"):
            raise ConfigError("gatehouse: `key` or `key_file` must hold an API key with the right `scan`")
        # For tests only: answers of a Gatehouse in stub mode count.
        accepts_stub = config.get("accepts_stub", False)
        if not isinstance(accepts_stub, bool):
            raise ConfigError("gatehouse: `accepts_stub` must be true or false")
        return {"url": url, "key": key, "timeout_s": float(config.get("timeout_s", 65)), "accepts_stub": accepts_stub}

    async def check_media_file_for_spam(self, file_wrapper: Any, file_info: Any) -> Any:
        try:
            is_released, status, reference = await self._api.defer_to_thread(self._ask, file_wrapper.path)
        except Exception as error:
            # The kind of fault alone: its text could name the file.
            logger.warning("Gatehouse could not be asked (%s); the file was not stored", type(error).__name__)
            return Codes.FORBIDDEN
        if is_released is True:
            return NOT_SPAM
        logger.info("Gatehouse did not clear a file (status %d, reference %s)", status, reference)
        return Codes.FORBIDDEN

    def _ask(self, path: str) -> Tuple[bool, int, str]:
        url, timeout = self._config["url"], self._config["timeout_s"]
        if url.scheme == "https":
            connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=timeout, context=ssl.create_default_context())
        else:
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
        try:
            with open(path, "rb") as file:
                headers = {
                    "Authorization": "Bearer " + self._config["key"],
                    "Content-Type": "application/octet-stream",
                    "Transfer-Encoding": "chunked",
                }
                pieces = iter(lambda: file.read(READ_BYTES), b"")
                connection.request("POST", url.path.rstrip("/") + "/v1/hooks/raw", body=pieces, headers=headers, encode_chunked=True)
                answer = connection.getresponse()
                answer.read(READ_BYTES)
                # What stub mode says protects nobody.
                counts = answer.getheader("Gatehouse-Stub") is None or self._config["accepts_stub"]
                is_released = counts and answer.status == 200 and answer.getheader("Gatehouse-Outcome") == "release"
                return is_released, answer.status, answer.getheader("Gatehouse-Reference", "none")
        finally:
            connection.close()
