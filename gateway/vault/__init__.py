"""The only code of ours with keys and ciphers.

Ask `vault.Vault.open(folder, role)` for what the role may do; `create.create_keys(root)` makes the
files.
"""
