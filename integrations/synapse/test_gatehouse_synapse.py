"""python3 -m unittest; GATEHOUSE_URL and GATEHOUSE_KEY name a running Gatehouse, CLEAR_FILE and LISTED_FILE two files. Synapse itself is stood in for."""

import asyncio
import enum
import os
import socket
import sys
import tempfile
import threading
import types
import unittest


class Codes(enum.Enum):
    FORBIDDEN = "M_FORBIDDEN"


class ConfigError(Exception):
    pass


module_api = types.ModuleType("synapse.module_api")
module_api.NOT_SPAM = "NOT_SPAM"
errors = types.ModuleType("synapse.module_api.errors")
errors.Codes, errors.ConfigError = Codes, ConfigError
sys.modules.update({"synapse": types.ModuleType("synapse"), "synapse.module_api": module_api, "synapse.module_api.errors": errors})

from gatehouse_synapse import Gatehouse  # noqa: E402


class Api:
    """What the module uses of synapse.module_api.ModuleApi."""

    async def defer_to_thread(self, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)

    def register_spam_checker_callbacks(self, check_media_file_for_spam):
        self.check = check_media_file_for_spam


class Wrapper:
    """What Synapse hands over (synapse.media.media_storage.ReadableFileWrapper): where the file is."""

    def __init__(self, path):
        self.path = path


URL, KEY = os.environ["GATEHOUSE_URL"], os.environ["GATEHOUSE_KEY"]


def check(path, **config):
    api = Api()
    Gatehouse(Gatehouse.parse_config({"url": URL, "key": KEY, **config}), api)
    return asyncio.run(api.check(Wrapper(path), object()))


def serve(answer):
    """A server that answers every connection with these bytes, or never when they are None."""
    listener = socket.create_server(("127.0.0.1", 0))
    held = []

    def run():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            if answer is not None:
                # To the last chunk: a client that is still sending sees a broken pipe, whatever was answered.
                received = b""
                while not received.endswith(b"\r\n0\r\n\r\n"):
                    received += connection.recv(65536)
                connection.sendall(answer)
                connection.close()

    threading.Thread(target=run, daemon=True).start()
    return listener, "http://127.0.0.1:%d" % listener.getsockname()[1]


class GatehouseTest(unittest.TestCase):
    def test_only_what_is_cleared_is_stored(self):
        self.assertEqual(check(os.environ["CLEAR_FILE"]), "NOT_SPAM")
        self.assertEqual(check(os.environ["LISTED_FILE"]), Codes.FORBIDDEN)

    def test_an_empty_file_and_a_missing_one_are_not(self):
        with tempfile.NamedTemporaryFile() as file:
            self.assertEqual(check(file.name), Codes.FORBIDDEN)
        self.assertEqual(check("/nowhere/at/all"), Codes.FORBIDDEN)

    def test_a_key_that_is_not_valid_stores_nothing(self):
        self.assertEqual(check(os.environ["CLEAR_FILE"], key="gh_wrong"), Codes.FORBIDDEN)

    def test_whatever_else_is_answered_stores_nothing(self):
        # A web server that is not Gatehouse says 200 to anything.
        welcome = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nWelcome"
        stop = b"HTTP/1.1 200 OK\r\nGatehouse-Outcome: stop\r\nContent-Length: 0\r\n\r\n"
        elsewhere = b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"
        for answer in (None, b"", b"garbage", b"HTTP/1.1 204 No Content\r\n\r\n", elsewhere, b"HTTP/1.1 500 Oh\r\n\r\n", welcome, stop):
            listener, url = serve(answer)
            self.assertEqual(check(os.environ["CLEAR_FILE"], url=url, timeout_s=0.5), Codes.FORBIDDEN)
            listener.close()

    def test_what_stub_mode_says_counts_only_when_asked_for(self):
        answer = b"HTTP/1.1 200 OK\r\nGatehouse-Outcome: release\r\nGatehouse-Stub: 1\r\nContent-Length: 0\r\n\r\n"
        listener, url = serve(answer)
        self.assertEqual(check(os.environ["CLEAR_FILE"], url=url), Codes.FORBIDDEN)
        self.assertEqual(check(os.environ["CLEAR_FILE"], url=url, accepts_stub=True), "NOT_SPAM")
        listener.close()

    def test_nobody_there_stores_nothing(self):
        listener, url = serve(None)
        listener.close()
        self.assertEqual(check(os.environ["CLEAR_FILE"], url=url), Codes.FORBIDDEN)

    def test_configuration(self):
        for wrong in ({}, {"url": "ftp://x", "key": KEY}, {"url": URL}, {"url": URL, "key": "x"}, {"url": URL, "key_file": "/nowhere"}, {"url": URL, "key": KEY, "accepts_stub": "no"}):
            with self.assertRaises(ConfigError):
                Gatehouse.parse_config(wrong)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(KEY + "\n")
            file.flush()
            self.assertEqual(Gatehouse.parse_config({"url": URL, "key_file": file.name})["key"], KEY)


if __name__ == "__main__":
    unittest.main()
