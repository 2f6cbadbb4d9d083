"""How the audit log is kept so that nobody changes it unseen: lanes, seals, heads, verification.

The rest of the house asks `gateway.audit`.
"""
