"""The table of differences and the page that shows it."""

from __future__ import annotations

import pytest

from . import _differences as table
from ._differences import BEGIN, DIFFERENCES, END, PAGE, Server, points, rendered, updated


def test_page_shows_the_table() -> None:
    page = PAGE.read_text("utf-8")
    assert page == updated(page), "python -m tests.contract._differences brings it up to date"


def test_page_is_not_up_to_date_by_being_empty() -> None:
    page = f"before\n{BEGIN}stale\n{END}after\n"
    assert updated(page) == f"before\n{BEGIN}{rendered()}{END}after\n"
    assert PAGE.read_text("utf-8").count(BEGIN) == PAGE.read_text("utf-8").count(END) == 1


@pytest.mark.parametrize("server", Server, ids=lambda server: server.id)
def test_difference_is_one(server: Server) -> None:
    listed = [difference.point for difference in DIFFERENCES[server]]
    assert len(listed) == len(set(listed))
    for difference in DIFFERENCES[server]:
        assert difference.answer != difference.point.okta
        assert difference.cause.endswith(".")


def test_every_point_is_answered_differently_somewhere() -> None:
    listed = {difference.point for found in DIFFERENCES.values() for difference in found}
    assert listed == set(points())


def test_every_point_and_difference_is_on_the_page() -> None:
    page = rendered()
    for point in points():
        assert page.count(f"| {point.question} | {point.okta} |") == 1
    for found in DIFFERENCES.values():
        assert all(difference.cause in page for difference in found)


def test_both_listeners_of_oidc_provider_differ_alike() -> None:
    """The page has one column for both."""
    assert DIFFERENCES[Server.OIDC_PROVIDER] == DIFFERENCES[Server.OIDC_PROVIDER_TLS]


def test_other_servers_have_no_differences() -> None:
    """The page has one column for Okta, which FakeOkta stands for."""
    for server in (*table.FAKES, Server.OKTA_ORG):
        assert DIFFERENCES[server] == ()
