"""From an error to an exit code and a word of advice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click
from click.exceptions import NoArgsIsHelpError

import okta_oidc

from ._exits import Exit
from ._sessions import Session
from ._words import duration

# The package speaks to programmers: here its names are those of options. The first few stand in the
# hints that it adds to what a server said, which is quoted as it is.
_IN_HINTS: Final = (
    ("pass auth_server_id=okta_oidc.ORG", "pass --auth-server-id org"),
    ("ClientSecretPost is not affected", "--auth-method client_secret_post is not affected"),
    ("Is base_url your Okta domain", "Is --org-url your Okta domain"),
    ("(a custom domain's? pass issuer)", "(a custom domain's? pass --issuer)"),
)
_IN_ARGUMENTS: Final = (
    ("okta_oidc.ORG", "--auth-server-id org"),
    ("auth_server_id", "--auth-server-id"),
    ("base_url", "--org-url"),
    ("client_id", "--client-id"),
    ("client_secret ", "the client secret "),
)
_SECRET_WORDS: Final = ("token", "secret", "code", "password", "assertion")
_SAFE_OPTION: Final = frozenset("abcdefghijklmnopqrstuvwxyz-")
_NOT_AS_ARGUMENT: Final = (
    "secrets are not taken from the command line, where the shell's history keeps them and other "
    "users of the machine read them"
)
_ELSEWHERE: Final = "pass it by a file, the environment, standard input or the prompt"


def exit_code_of(error: okta_oidc.OktaError) -> Exit:
    """The exit code for what the package raised."""
    match error:
        case okta_oidc.ConfigurationError():
            return Exit.USAGE
        case okta_oidc.TransportTimeoutError():
            return Exit.TIMEOUT
        case okta_oidc.TransportError():
            return Exit.TRANSPORT
        case okta_oidc.MalformedResponseError():
            return Exit.MALFORMED
        case okta_oidc.InvalidClientError():
            return Exit.INVALID_CLIENT
        case okta_oidc.InvalidGrantError():
            return Exit.INVALID_GRANT
        case okta_oidc.RateLimitError():
            return Exit.RATE_LIMIT
        case okta_oidc.ServerError():
            return Exit.SERVER
        case okta_oidc.ApprovalExpiredError():
            return Exit.NO
        case _:
            return Exit.REFUSED


def message_of(error: okta_oidc.OktaError) -> str:
    """What went wrong, in the words of the command line."""
    message = str(error)
    arguments = _IN_ARGUMENTS if isinstance(error, okta_oidc.ConfigurationError) else ()
    for name, option in (*_IN_HINTS, *arguments):
        message = message.replace(name, option)
    return message


def advice_on(error: okta_oidc.OktaError, session: Session) -> str:
    """What to do next."""
    if session.kept is not None:
        return session.kept
    spent = session.spends and f"the {session.spends} may have been used up: "
    match error:
        case okta_oidc.ConfigurationError():
            return "nothing was sent; see --help"
        case okta_oidc.TransportError(request_sent=False):
            return "nothing reached the server; `okta-oidc doctor` looks at DNS, TLS and the proxy"
        case okta_oidc.TransportError():
            if spent:
                return f"{spent}try it once more, and sign in anew if it is refused"
            return "the same call may be repeated; `okta-oidc doctor` looks at the connection"
        case okta_oidc.MalformedResponseError():
            if spent:
                return f"{spent}--save FILE keeps such an answer, which may hold the tokens"
            return "does the org URL lead to Okta? `okta-oidc doctor` looks at what answers there"
        case okta_oidc.InvalidClientError():
            return "check client id, secret and --auth-method; `okta-oidc doctor` tells which it is"
        case okta_oidc.InvalidGrantError():
            return "it is spent, expired, revoked or another application's: start a new sign-in"
        case okta_oidc.RateLimitError(retry_after=None):
            return "wait a minute; other callers of this org share the limit"
        case okta_oidc.RateLimitError(retry_after=float(seconds)):
            return f"wait {duration(seconds + 1)}; other callers of this org share the limit"
        case okta_oidc.ServerError():
            if spent:
                return f"{spent}try it once more, and sign in anew if it is refused"
            return "try again in a moment; Okta's own state is on status.okta.com"
        case okta_oidc.ApprovalExpiredError():
            return "nobody approved it: run the command again, the code is good for some minutes"
        case okta_oidc.APIError(code="invalid_dpop_proof" | "use_dpop_nonce"):
            return (
                "the application's tokens are bound to a key: pass --dpop, and for a refresh token "
                "--dpop-key-file with its own key; `okta-oidc doctor` looks at the clock"
            )
        case okta_oidc.APIError(code="access_denied"):
            return "look at the access policies of the authorization server, and at the user's apps"
        case okta_oidc.APIError(code="unauthorized_client"):
            return "allow this grant type in the application's general settings"
        case okta_oidc.APIError(code="invalid_scope"):
            return "ask for scopes that this authorization server has"
        case _:
            return "Okta's System Log has the event, under the request id if there is one"


def document_of(error: okta_oidc.OktaError, exit_code: Exit) -> Mapping[str, Any]:
    """The error as JSON members, without what may be secret."""
    document: dict[str, Any] = {"class": type(error).__name__, "exit_code": int(exit_code)}
    if isinstance(error, okta_oidc.APIError):
        document |= {
            "status": error.status,
            "code": error.code,
            "request_id": error.http.request_id,
            "error_id": error.error_id,
            "retryable": error.retryable,
        }
        if isinstance(error, okta_oidc.RateLimitError):
            document["retry_after"] = error.retry_after
    elif isinstance(error, okta_oidc.MalformedResponseError):
        document |= {"status": error.http.status, "request_id": error.http.request_id}
    elif isinstance(error, okta_oidc.TransportError):
        document["request_sent"] = error.request_sent
    return document


def usage_of(error: click.ClickException) -> tuple[str, str]:
    """Message and hint for a command line that is wrong, without quoting it.

    What stands in a wrong place may be a token: click's own messages would print it.
    """
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
    hint = f"see {path or 'okta-oidc'} --help"
    match error:
        case NoArgsIsHelpError():
            return "a command is missing", hint
        case click.NoSuchOption(option_name=name):
            if any(word in name.lower() for word in _SECRET_WORDS):
                return _NOT_AS_ARGUMENT, f"{_ELSEWHERE}; {hint}"
            return f"no such option{_quoted(name)}", hint
        case click.MissingParameter(param=click.Parameter() as parameter):
            return f"{_name_of(parameter)} is missing", hint
        case click.BadParameter(param=click.Parameter() as parameter):
            return f"{_name_of(parameter)} takes {_kind_of(parameter)}", hint
        case click.BadOptionUsage(option_name=name):
            return f"the option{_quoted(name)} is not used so", hint
        case _:
            return (
                "unexpected argument: " + _NOT_AS_ARGUMENT,
                f"if it was one, have it replaced; {_ELSEWHERE}; {hint}",
            )


def _quoted(name: str) -> str:
    return f" {name}" if name.startswith("--") and _SAFE_OPTION.issuperset(name) else ""


def _name_of(parameter: click.Parameter) -> str:
    names = [name for name in parameter.opts if name.startswith("--")]
    variable = parameter.envvar
    name = names[0] if names else str(parameter.human_readable_name)
    return f"{name} ({variable})" if isinstance(variable, str) else name


def _kind_of(parameter: click.Parameter) -> str:
    match parameter.type:
        case click.Choice(choices=choices):
            return f"one of: {', '.join(map(str, choices))}"
        case click.IntRange():
            return "a whole number of at least 1"
        case click.FloatRange():
            return "a number of seconds above 0"
        case click.Path():
            return "the path of a file"
        case _:
            return "another kind of value"
