"""What happens after the caller hangs up: SMS leave, alerts climb, the clock looks after both."""
