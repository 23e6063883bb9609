"""What needs JOSE: client assertions, DPoP proofs, keys, verification. Extra ``jwt``."""
