"""Checking what an issuer signed: its keys, its ID tokens, its access tokens. Extra ``jwt``."""

from ._claims import Claims as Claims
from ._issuers import Issuers as Issuers
