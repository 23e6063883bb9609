"""An API whose callers bring access tokens that Okta issued: see README.md."""
