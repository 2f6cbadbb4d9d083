"""What our worker is compared with: one RQ job for each SMS, as a tutorial has it.

`rq worker` runs these jobs as it comes, in a process that is forked for each. Running this file is
the same worker with its imports done before it forks, which a tutorial does not think of.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from redis import Redis
from rq import Queue, Worker

from gateway.runtime.phones import Msisdn
from gateway.sms.providers.africastalking import AfricasTalking
from gateway.sms.providers.contract import Accepted

QUEUE: Final = "sms"
URL: Final = "BENCH_PROVIDER_URL"


def send_sms(to: str, text: str) -> None:
    """The job. Its provider is the one that we use, so that both send the same request."""
    provider = AfricasTalking("bench", "bench", None, os.environ[URL])
    assert isinstance(provider.send(Msisdn(to), text), Accepted)


def work(redis_url: str) -> None:
    """Work until the queue is empty."""
    redis = Redis.from_url(redis_url)
    Worker([Queue(QUEUE, connection=redis)], connection=redis).work(
        burst=True, logging_level="WARNING"
    )


if __name__ == "__main__":
    work(sys.argv[1])
