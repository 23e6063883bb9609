# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
from typing import Literal

ChannelHint = Literal["push", "sms", "voice"]

CHANNEL_HINT_VALUES: set[ChannelHint] = {
    "push",
    "sms",
    "voice",
}


def check_channel_hint(value: str) -> ChannelHint:
    if value in CHANNEL_HINT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CHANNEL_HINT_VALUES!r}")
