"""Proving who a client is: assertions, DPoP proofs, and their private keys. Extra ``jwt``."""
