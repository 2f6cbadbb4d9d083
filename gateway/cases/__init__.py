"""Reports and what becomes of them: alerts, folding, escalation, casework."""
