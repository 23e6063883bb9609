"""A worker that calls an API with a service's own token: see README.md."""
