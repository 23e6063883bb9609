# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
"""A client library for accessing Okta OAuth 2.0 and OpenID Connect endpoints"""

from .client import AuthenticatedClient, Client

__all__ = (
    "AuthenticatedClient",
    "Client",
)
