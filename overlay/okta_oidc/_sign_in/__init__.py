"""Signing users in: by a browser (OIDC Core), on a device (RFC 8628), by a push (CIBA)."""
