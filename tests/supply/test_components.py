"""The list of components names what the lock does, with its hashes, and no place at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.supply.components import Unfit, tidied

HASH = "ab" * 32
LOCK = f"flask==3.1.3 ; python_version >= '3.11' \\\n    --hash=sha256:{HASH}\n"


def written(**flask: object) -> str:
    """A list as cyclonedx-py writes it."""
    component: dict[str, Any] = {
        "bom-ref": "requirements-L1",
        "description": "requirements line 1",
        "externalReferences": [
            {
                "comment": "implicit dist url",
                "hashes": [{"alg": "SHA-256", "content": HASH}],
                "type": "distribution",
                "url": "https://index.example.org/simple/flask/",
            }
        ],
        "name": "flask",
        "purl": "pkg:pypi/flask@3.1.3",
        "version": "3.1.3",
    }
    tool = {"name": "cyclonedx-py", "externalReferences": [{"url": "https://example.org"}]}
    return json.dumps(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "components": [component | flask],
            "metadata": {"tools": {"components": [tool]}},
        }
    )


def test_it_names_no_place_and_keeps_every_hash() -> None:
    bom = json.loads(tidied(written(), LOCK))
    assert bom["components"][0]["externalReferences"] == [
        {
            "hashes": [{"alg": "SHA-256", "content": HASH}],
            "type": "distribution",
            "url": "pkg:pypi/flask@3.1.3",
        }
    ]
    assert "example.org" not in json.dumps(bom)


def test_it_keeps_its_schema() -> None:
    assert json.loads(tidied(written(), LOCK))["$schema"].startswith("http://cyclonedx.org/")


@pytest.mark.parametrize(
    ("flask", "fault"),
    [
        ({"version": "3.1.2"}, "different versions"),
        ({"name": "flasks"}, "different versions"),
        ({"externalReferences": []}, "hashes"),
        ({"author": "https://index.example.org"}, "address"),
    ],
)
def test_a_list_that_is_not_that_of_the_lock_is_refused(
    flask: dict[str, object], fault: str
) -> None:
    with pytest.raises(Unfit, match=fault):
        tidied(written(**flask), LOCK)
