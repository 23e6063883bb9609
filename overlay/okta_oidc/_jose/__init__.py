"""Signed tokens: what the package makes itself, and what it checks. Needs the extra ``jwt``."""
