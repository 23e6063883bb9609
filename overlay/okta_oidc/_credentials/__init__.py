"""What requests are authorized by: client assertions, DPoP proofs, tokens that are held."""

from __future__ import annotations

from ._dpop import DPoP as DPoP
from ._dpop import Proof as Proof
