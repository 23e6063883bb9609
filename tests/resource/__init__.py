"""What stands between an API and its callers: with real stores, frameworks and servers."""
