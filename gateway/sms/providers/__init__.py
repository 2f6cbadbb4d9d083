"""How an SMS leaves us: one file a provider, all with the contract of `contract.py`."""
