"""Groups of commands that do not repeat what they were given."""

from __future__ import annotations

from difflib import get_close_matches

import click

from ._exits import InputError


class Commands(click.Group):
    """A group whose error for an unknown command does not quote it: it may be a token."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            names = self.list_commands(ctx)
            close = get_close_matches(args[0], names, n=1)
            raise InputError(
                "no such command" + (f": did you mean {close[0]}?" if close else ""),
                f"there are {', '.join(names)}; secrets come from a file, the environment, "
                "standard input or a prompt, never from arguments",
            )
        return super().resolve_command(ctx, args)
