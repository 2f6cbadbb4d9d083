"""Whole calls as YAML: every script here is played on a running demo, with real processes."""
