"""The command ``okta-oidc`` and its subcommands."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from okta_oidc import __version__

from ._commands import Commands
from ._decoding import decode
from ._doctor import doctor
from ._exits import Exit
from ._inspection import introspect, revoke
from ._publishing import keys, metadata
from ._sessions import current_session
from ._tokens import login, token

NAME: Final = "okta-oidc"
COMPLETION_VARIABLE: Final = "_OKTA_OIDC_COMPLETE"

_EPILOG: Final = """\
Secrets never come from arguments: they come from a file, the environment, standard input or a
prompt.

\b
Environment:
  OKTA_ORG_URL              https://{your Okta domain}, or an issuer URL
  OKTA_AUTH_SERVER_ID       an authorization server's id, or org
  OKTA_CLIENT_ID            the application's client id
  OKTA_CLIENT_SECRET        its secret
  OKTA_PRIVATE_KEY          or its private key, PEM or JWK
  OKTA_PRIVATE_KEY_FILE     or a file that holds that, OKTA_KEY_ID with either
  OKTA_AUTH_METHOD          client_secret_post, client_secret_jwt or none, where it is
  OKTA_REDIRECT_URI         for: token code
  OKTA_OIDC_TOKEN           for: introspect, revoke, decode
  OKTA_OIDC_REFRESH_TOKEN   for: token refresh
  OKTA_OIDC_CODE            for: token code, OKTA_OIDC_CODE_VERIFIER with it
  OKTA_OIDC_DPOP_KEY        for: --dpop
  OKTA_OIDC_STORE           for: doctor --store

\b
Exit codes:
  0  done; the token is active        6  refused by Okta, otherwise
  1  not active, not verified, not    7  client credentials refused
     approved, or doctor's fault      8  code or refresh token refused
  2  usage, nothing was sent          9  rate limit
  3  no complete response            10  server error
  4  the same, timed out             69  the extra is not installed
  5  not what Okta would answer     130  interrupted
"""


@click.group(
    cls=Commands,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name=NAME)
def root() -> None:
    """Okta's OAuth and OpenID Connect endpoints, for people on call."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash:  eval "$(okta-oidc completion bash)"       in ~/.bashrc
    zsh:   eval "$(okta-oidc completion zsh)"        in ~/.zshrc
    fish:  okta-oidc completion fish > ~/.config/fish/completions/okta-oidc.fish
    """
    complete = get_completion_class(shell)
    assert complete is not None
    script = complete(root, {}, NAME, COMPLETION_VARIABLE).source()
    current_session().screen.print(script)
    return Exit.OK


for command in (introspect, revoke, token, login, decode, metadata, keys, doctor, completion):
    root.add_command(command)
