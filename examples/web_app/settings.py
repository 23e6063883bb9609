"""The application's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin


@dataclass(frozen=True)
class Settings:
    """The application as it is registered at Okta.

    ``issuer`` is a custom authorization server's (``https://{org}/oauth2/{id}``). ``prompt`` is
    sent to the login page (OpenID Connect Core §3.1.2.1): some servers other than Okta want
    ``consent`` before they give out refresh tokens (§11).
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = "http://localhost:8080/authorization-code/callback"
    scope: str = "openid profile email offline_access"
    prompt: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises KeyError for a variable that is missing."""
        return cls(
            issuer=environment["OKTA_ORG_URL"].rstrip("/"),
            client_id=environment["OKTA_CLIENT_ID"],
            client_secret=environment["OKTA_CLIENT_SECRET"],
            redirect_uri=environment.get("OKTA_REDIRECT_URI", cls.redirect_uri),
            prompt=environment.get("OKTA_PROMPT"),
        )

    @property
    def home(self) -> str:
        """The first page, to which browsers come back from the logout at Okta."""
        return urljoin(self.redirect_uri, "/")

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the application over TLS."""
        return self.redirect_uri.startswith("https:")
