"""SMS on their way out: outbox, providers, receipts."""
