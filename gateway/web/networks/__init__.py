"""How USSD steps reach us: one file a network provider, all with the contract of `contract.py`."""
