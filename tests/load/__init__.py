"""A protected API under load, over HTTP, with revocations and an outage in the middle."""
