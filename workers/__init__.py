"""What happens after the caller hangs up: SMS leave, alerts escalate, the clock sees to both."""
