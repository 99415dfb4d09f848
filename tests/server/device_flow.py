"""Somebody at a browser on the page of devices, and a device that waits for them."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fnt.wire import paths
from fnt.wire.device import CLIENT_ID, GRANT_TYPE
from server.api_client import PASSWORD, ApiUser

ORIGIN = "http://localhost"


class Browser:
    """A browser of its own: cookies, and the form it saw last."""

    def __init__(self, app: Flask, person: ApiUser) -> None:
        self.person = person
        self.browser: FlaskClient = app.test_client()
        self.seen = self.look()

    def look(self) -> TestResponse:
        self.seen = self.browser.get(
            paths.DEVICE_PAGE, environ_overrides={"REMOTE_ADDR": self.person.address}
        )
        return self.seen

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.seen.text)
        return found[1] if found else ""

    def send(self, *, origin: str | None = ORIGIN, **fields: str) -> TestResponse:
        """Send the form that was seen last, changed; follows to where it leads."""
        known = {name: value for name in ("csrf", "device") if (value := self.hidden(name))}
        response = self.browser.post(
            paths.DEVICE_PAGE,
            data={**known, **fields},
            headers={"Origin": origin} if origin else {},
            environ_overrides={"REMOTE_ADDR": self.person.address},
        )
        self.seen = response
        return self.look() if response.status_code == 303 else response

    def sign_in(self, password: str = PASSWORD) -> TestResponse:
        return self.send(action="sign_in", email=self.person.email, password=password)

    def type_code(self, code: str) -> TestResponse:
        return self.send(action="code", code=code)


class Device:
    """A program that asks to be authenticated."""

    def __init__(self, app: Flask, *, host: str = "a laptop", address: str = "10.9.0.1") -> None:
        self._browser = app.test_client()
        self._origin = {"REMOTE_ADDR": address}
        asked = self.send(paths.DEVICE_CODE, client_id=CLIENT_ID, host=host)
        assert asked.status_code == 200, asked.text
        self.answer: dict[str, Any] = asked.json
        self.code: str = self.answer["user_code"]

    def send(self, path: str, **fields: str) -> TestResponse:
        return self._browser.post(path, data=fields, environ_overrides=self._origin)

    def poll(self, **changes: str) -> TestResponse:
        fields = {
            "grant_type": GRANT_TYPE,
            "device_code": self.answer["device_code"],
            "client_id": CLIENT_ID,
        }
        return self.send(paths.DEVICE_TOKEN, **{**fields, **changes})

    def poll_error(self, **changes: str) -> str:
        response = self.poll(**changes)
        assert response.status_code == 400, response.text
        error: str = response.json["error"]
        return error
