"""The audit log: who did what, in lanes that show every change."""
