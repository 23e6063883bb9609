"""A login without a browser of its own: see README.md."""
