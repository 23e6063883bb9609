"""The tests of the documentation can fail: each kind of mistake, made on purpose, is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import test_links, test_other_blocks, test_python_blocks
from ._blocks import Block, BlockError, blocks_of
from ._scripts import Script, promised_output, scripts_of
from ._shell import complaints_about
from ._stage import URL, Stage


def page(folder: Path, text: str) -> Path:
    made = folder / "page.md"
    made.write_text(text, "utf-8")
    return made


def only_script(folder: Path, code: str, after: str = "") -> Script:
    (script,) = scripts_of(page(folder, f"# Title\n\n```python\n{code}\n```\n{after}"))
    return script


def test_blocks_keep_their_lines(tmp_path: Path) -> None:
    text = (
        '# T\n\n```python\na = 1\n```\n\n=== "Tab"\n\n    ```python title="x"\n    b = 2\n    ```\n'
    )
    first, second = blocks_of(page(tmp_path, text))
    assert (first.line, first.text, second.line, second.text) == (4, "a = 1\n", 10, "b = 2\n")
    assert second.title == "x"
    assert first.source.splitlines()[3] == "a = 1"


def test_a_fence_within_a_longer_fence_is_text(tmp_path: Path) -> None:
    (block,) = blocks_of(page(tmp_path, "````markdown\n```python\n```\n````\n"))
    assert block.text == "```python\n```\n"


def test_a_fence_without_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BlockError, match=":3:"):
        blocks_of(page(tmp_path, "# T\n\n```python\na = 1\n"))


def test_untitled_blocks_go_on_from_one_another(tmp_path: Path) -> None:
    text = (
        "```python\na = 1\n```\n```python title='no title in double quotes'\nb = a\n```\n"
        '```python title="Other"\na = 2\n```\n```python\ndef test_a(): pass\n```\n'
    )
    scripts = scripts_of(page(tmp_path, text))
    assert [(s.title, len(s.blocks), s.is_pytest) for s in scripts] == [
        ("", 2, False),
        ("Other", 1, False),
        ("", 1, True),
    ]


def test_a_block_that_raises_is_caught_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        test_python_blocks.run(only_script(tmp_path, "a = 1\na / 0"))
    assert caught.traceback[-1].lineno == 4  # counted from 0


def test_other_output_is_caught(tmp_path: Path) -> None:
    script = only_script(tmp_path, "print('this')", '\n```text title="prints"\nthat\n```\n')
    ((block, promised),) = promised_output(script)
    assert test_python_blocks.run(script)[block] != promised


def test_a_wrong_type_is_caught(tmp_path: Path) -> None:
    script = only_script(tmp_path, "from okta_oidc import Retry\n\nRetry(attempts='three')")
    (complaint,) = test_python_blocks.check_types([script], tmp_path)
    assert "page.md:6: error: Argument" in complaint


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("elixir", "case x do\n"),
        ("json", "{'a': 1}"),
        ("shell", "if true; then\n"),
        ("toml", "a = \n"),
        ("yaml", "a: [1\n"),
    ],
)
def test_text_of_another_language_is_caught(language: str, text: str) -> None:
    assert test_other_blocks.CHECKS[language](text)


@pytest.mark.parametrize(
    "text",
    [
        "nox -s no-such-session",
        "pip install nox && nox -s tests nothing",
        "pip install 'okta-oidc[nothing]'",
        "python examples/nothing.py",
        "make everything",
        "okta-oidc no-such-command",
        "okta-oidc introspect --no-such-option",
        'eval "$(okta-oidc no-such-command)"',
    ],
)
def test_a_command_that_cannot_be_typed_is_caught(text: str) -> None:
    assert complaints_about(text)


@pytest.mark.parametrize(
    "text",
    [
        "pip install nox && nox -s demo",
        "nox -s tests -- -k anything",
        "A=1 B=2 nox -s drift types > log",
        "pip install okta-oidc 'okta-oidc[aiohttp]'",
        "okta-oidc introspect --token-file <(vault read secret) --json | jq .sub",
    ],
)
def test_a_good_command_passes(text: str) -> None:
    assert not complaints_about(text)


def test_a_broken_link_is_caught(tmp_path: Path) -> None:
    text = "# A title, here\n\n[a](#a-title-here) [b](#gone) [c](gone.md) [d](https://e.example)\n"
    assert test_links.broken_links(page(tmp_path, text)) == ["#gone", "gone.md"]


def test_stand_ins_are_good_and_other_values_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Stage().route(monkeypatch)
    script = only_script(
        tmp_path,
        "from okta_oidc import ClientSecretPost, OktaOIDC\n"
        f"okta = OktaOIDC({URL!r}, ClientSecretPost('client-id', 'client-secret'))\n"
        "print(okta.introspect('the-access-token').active, okta.introspect('mine').active)\n",
    )
    assert list(test_python_blocks.run(script).values()) == ["True False\n"]


def test_a_block_knows_its_place() -> None:
    block = Block(Path("/elsewhere/page.md"), 7, "python", "", "")
    assert block.place == "page.md:7"
