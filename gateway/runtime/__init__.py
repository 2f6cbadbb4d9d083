"""What every process stands on: settings, logs, metrics, phones, errors, crash points."""
