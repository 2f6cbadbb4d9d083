"""Where an application keeps its network, so that the routes find it."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from sandbox.standin.network import PretendNetwork

EXTENSION = "standin"


def network_of(app: Flask) -> PretendNetwork:
    """The network of a stand-in that `app.create_app` built."""
    return cast(PretendNetwork, app.extensions[EXTENSION])


def this_network() -> PretendNetwork:
    """The network of the request that is being answered."""
    return network_of(current_app)
