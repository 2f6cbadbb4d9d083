"""What the operator can mend. The command line shows it as one line and ends with status 2."""

from __future__ import annotations


class OperatorError(Exception):
    """The message is one line (or one a fault, for a file) and says what to do."""
