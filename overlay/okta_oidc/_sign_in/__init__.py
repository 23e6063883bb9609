"""Signing users in: by a browser (OIDC Core), on a device (RFC 8628), by a push (CIBA).

The room loads when a client first needs something of it.
"""

from __future__ import annotations

from ._exchange import TokenType as TokenType
from ._exchange import assertion as assertion
from ._exchange import client_credentials as client_credentials
from ._exchange import exchange as exchange
from ._logins import BackchannelLogin as BackchannelLogin
from ._logins import DeviceLogin as DeviceLogin
from ._logins import Login as Login
from ._logins import backchannel as backchannel
from ._logins import device as device
from ._logins import poll as poll
from ._logins import wait_for as wait_for
from ._provider import Provider as Provider
from ._provider import SignIn as SignIn
from ._requests import AuthorizationRequest as AuthorizationRequest
