"""A stand-in on a free port, an application that it calls, and the provider's own package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from africastalking.SMS import SMSService

from sandbox.standin.client import StandIn
from sandbox.standin.config import Callbacks, Config
from sandbox.standin.server import background
from tests.sandbox.receiver import Receiver, listening

Start = Callable[..., StandIn]

USERNAME = "clinic"
API_KEY = "a-key-for-tests"


class SmsAt(SMSService):  # type: ignore[misc]
    """The provider's own client, pointed at another address and otherwise unmodified."""

    def __init__(self, url: str, username: str = USERNAME, api_key: str = API_KEY) -> None:
        self._at = f"{url}/version1"
        super().__init__(username, api_key)

    def _init_service(self) -> None:
        self._baseUrl = self._contentUrl = self._at


@pytest.fixture
def app() -> Iterator[Receiver]:
    """The application that is called back."""
    with listening() as receiver:
        yield receiver


@pytest.fixture
def start(app: Receiver, tmp_path: Path) -> Iterator[Start]:
    """Starts a stand-in with the given settings; all its callbacks go to `app`."""
    callbacks = Callbacks(
        ussd=f"{app.url}/ussd",
        events=f"{app.url}/events",
        sms=f"{app.url}/sms",
        delivery=f"{app.url}/delivery",
        opt_out=f"{app.url}/opt-out",
        staff_ussd=f"{app.url}/staff",
    )
    usual: dict[str, Any] = {"callbacks": callbacks, "report_delay": 0.0, "retry_every": 0.02}
    with ExitStack() as running:

        def starting(**settings: Any) -> StandIn:
            config = Config(tmp_path, USERNAME, API_KEY, **(usual | settings))
            return StandIn(running.enter_context(background(config)))

        yield starting


@pytest.fixture
def stand_in(start: Start) -> StandIn:
    return start()


@pytest.fixture
def sms(stand_in: StandIn) -> SmsAt:
    return SmsAt(stand_in.base_url)
