"""The Okta of a load run, a process of its own. It takes commands, one a line.

``revoke N`` revokes the first N tokens that were not, ``calls`` tells how often it was asked. Each
is answered by one line of JSON.
"""

from __future__ import annotations

import json
import sys

from okta_oidc.testing import FakeClock, FakeOkta

AUDIENCE = "api://load"


def main(tokens: int) -> None:
    """Serve on a loopback port until standard input ends."""
    fake = FakeOkta(
        clock=FakeClock(ticking=True),
        scopes=("orders:read",),
        rate_limit=None,
        record_requests=False,
    )
    fake.add_authorization_server("default", audience=AUDIENCE)
    grant = {"grant_type": "client_credentials", "scope": "orders:read"}
    with fake.client() as okta:
        issued = [str(okta.token(grant).access_token) for _ in range(tokens)]
    with fake.serve(), fake.client() as okta:
        tell(
            {
                "OKTA_ORG_URL": fake.issuer(),
                "OKTA_CLIENT_ID": fake.client_id,
                "OKTA_CLIENT_SECRET": fake.client_secret,
                "tokens": issued,
            }
        )
        waiting = iter(issued)
        for line in sys.stdin:
            for _ in range(int(line)):
                okta.revoke(next(waiting))
            tell({"revoked": int(line)})


def tell(said: object) -> None:
    """Print one line, at once."""
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
