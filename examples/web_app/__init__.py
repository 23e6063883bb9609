"""A web application whose users sign in at Okta: see README.md."""
