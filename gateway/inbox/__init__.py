"""What comes in beside calls: SMS of callers and staff, receipts, the end of a session."""
