"""A stand-in for Africa's Talking: takes SMS, posts callbacks, and misbehaves when told to.

It knows nothing of this project and can be used by any application that talks to Africa's
Talking; `docs/stand-in.md` is its contract. `server` runs it, `client` drives it.
"""
