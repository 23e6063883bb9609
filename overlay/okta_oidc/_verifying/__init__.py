"""Checking what an issuer signed: its keys, its ID tokens, its access tokens. Extra ``jwt``."""
