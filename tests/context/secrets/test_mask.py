"""Secrets: covered where they stand, and nothing else."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context.prompt.families import FAMILIES
from context.prompt.maker import PromptMaker
from context.secrets.mask import MASK, mask, masked
from context.settings import PromptSettings
from context.snapshot import Cursor, Snapshot
from context.text import Text
from engine.fake import CharTokenizer
from tests.context import planted


def shown(text: str) -> str:
    """What is left of a text when the covered places are taken out."""
    return mask(text).replace(MASK, "")


def test_planted_secrets_are_covered() -> None:
    """None of 200 in more than 60 kinds can be read any more, alone or in one text."""
    rows = list(planted.planted(200))
    assert len({kind for kind, _, _ in rows}) >= 60
    left = [(kind, line) for kind, secret, line in rows if secret in mask(line)]
    assert left == []
    whole = mask("\n".join(line for _, _, line in rows))
    assert [kind for kind, secret, _ in rows if secret in whole] == []


def test_nearly_all_of_many_are_covered() -> None:
    """Of 5,000 others at most 1 in 500; those look like names or placeholders by chance."""
    rows = list(planted.planted(5000, seed=7))
    left = [(kind, line) for kind, secret, line in rows if secret in mask(line)]
    assert len(left) <= 10, left


@pytest.mark.parametrize(
    "name", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
)
@pytest.mark.parametrize(
    "layout",
    ["{}", "    {}", '    "{}\\n"', "    '{}\\n' +", "# {}", '    b"{}\\n"', "| {}", '"{}",'],
)
def test_every_line_of_a_private_key_is_covered(name: str, layout: str) -> None:
    """As it stands in a file, in a string of any language, or in a comment."""
    lines = planted.key_block(planted.Random(3), name)
    text = "\n".join(["before = 1", *(layout.format(line) for line in lines), "after = 2"])
    covered = mask(text)
    assert [line for line in lines[1:-1] if line in covered] == []
    assert covered.startswith("before = 1\n")
    assert covered.endswith("\nafter = 2")
    assert name in covered


def test_headers_within_a_private_key_do_not_end_it() -> None:
    """Encrypted keys have lines about themselves, and an empty one."""
    begin, *body, end = planted.key_block(planted.Random(4))
    head = ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0A1B", ""]
    covered = mask("\n".join([begin, *head, *body, end]))
    assert [line for line in body if line in covered] == []


def test_a_private_key_on_one_line_is_covered() -> None:
    """As in the JSON files of cloud accounts."""
    lines = planted.key_block(planted.Random(5), "PRIVATE KEY")
    covered = mask('"private_key": "' + "\\n".join(lines) + '\\n",')
    assert [line for line in lines[1:-1] if line in covered] == []


def test_code_after_the_mention_of_a_private_key_stays() -> None:
    """A program that deals with keys is a program."""
    text = 'BEGIN = "-----BEGIN PRIVATE KEY-----"\nEND = 1\nreturn\npass\n'
    assert mask(text) == text


@pytest.mark.parametrize(
    "line",
    [
        "password: string;",
        "password = getpass.getpass()",
        "def connect(user: str, password: str | None = None) -> None:",
        "connect(password=settings.DATABASE_PASSWORD)",
        "connect(password=os.environ['DB_PASSWORD'])",
        'password = os.environ.get("DB_PASSWORD")',
        'token_type = "bearer"',
        'label = "Enter your password"',
        '{"password": "Enter your new password"}',
        'if token == "identifier2":',
        'TOKEN_URL = "https://host/oauth2/token"',
        'url = "https://host:8080/path@2x.png"',
        'url = f"postgres://{user}:{password}@{host}/db"',
        "url = postgres://user:${PASSWORD}@host/db",
        'digest = "d41d8cd98f00b204e9800998ecf8427e"',
        '"integrity": "sha512-oVEyo1Jm0Jj0bzJz0iKZbQ0C4yP8p1dDk0vMWY5cJrN2w3u5bA=="',
        'commit = "9b1c9dd1a8f2a7f5b0c7d6e5f4a3b2c1d0e9f8a7"',
        'id = "123e4567-e89b-12d3-a456-426614174000"',
        'sort_key = "created_at2"',
        'const key = "ArrowLeft";',
        "secrets_manager = SecretsManager()",
        'secret_name = "prod/db/main1234567"',
        "self.token = next(self.tokens)",
        "import secrets",
        "key-value pairs, sk-learn, do_v1, glob-pattern, patternmatching.fixtures",
        "AKIA, ghp_ and xoxb- are how some tokens begin",
        "tokenizer.eos_token_id = 151643",
        'API_KEY = "${API_KEY}"',
        'api_key = "<your-api-key-here>"',
        'api_key = "xxxxxxxxxxxxxxxxxxxxxxxx"',
        '"access_token": "access_token_v2"',
        "passes = passing2ndtest",
        'db_secret = "amqps://host.example1/vhost2"',
    ],
)
def test_code_that_only_talks_of_secrets_stays(line: str) -> None:
    """Types, calls, labels, hashes, references and placeholders."""
    assert mask(line) == line


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ('url = "https://me:hunter2@host/"', 'url = "https://me:@host/"'),
        ("redis://:p@ss@host:6379/0", "redis://:@host:6379/0"),
        ("Authorization: Basic bWU6aHVudGVyMg==", "Authorization: Basic "),
        ('PASSWORD = "swordfish"  # once', 'PASSWORD = ""  # once'),
        ("curl -u x 'https://h/?api_key=a1b2c3d4e5f6g7h8'", "curl -u x 'https://h/?api_key='"),
    ],
)
def test_what_stands_around_a_secret_stays(line: str, left: str) -> None:
    """Only the secret itself goes."""
    assert shown(line) == left


LINES = st.one_of(
    st.text(),
    st.text(alphabet=string.ascii_letters + string.digits + "-_./=\"': \n\r"),
    st.integers(0, 400).map(lambda seed: next(planted.planted(1, seed))[2]),
    st.integers(0, 87).map(lambda number: list(planted.planted(88, 2))[number][2]),
    st.integers(0, 9).map(lambda seed: "\n".join(planted.key_block(planted.Random(seed))[:5])),
    st.sampled_from(['password = "', "token: ", "://a:", "@", "-----BEGIN PRIVATE KEY-----", '"']),
)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_length_and_line_endings_stay_and_twice_is_once(text: str) -> None:
    """Every line and column keeps its place; a covered text is a fixed point; nothing raises."""
    covered = mask(text)
    assert len(covered) == len(text)
    changed = [(old, new) for old, new in zip(text, covered, strict=True) if old != new]
    assert all(new == MASK and not old.isspace() for old, new in changed)
    assert mask(covered) == covered


@given(st.lists(LINES, max_size=6))
def test_lines_are_covered_as_the_text_is(lines: list[str]) -> None:
    """Where there is no private key, line by line gives the same."""
    single = [line.replace("\n", " ").replace("\r", " ") for line in lines]
    if not any("PRIVATE KEY" in line for line in single):
        assert mask("\n".join(single)) == "\n".join(mask(line) for line in single)


def test_a_long_line_takes_no_time_that_matters() -> None:
    """One of 5 MB, of each kind that invites an expression to try for long."""
    for piece in (
        "password = 'a",
        "a1" * 8,
        "://a:",
        "token:" + " " * 30,
        "Bearer a1",
        "sk-",
        "eyJ-1",
        "SG.-1",
        "://",
        "ghp_1-",
        "secret",
        "key-AAAA1:",
        "eyJ1.",
        '"key":',
    ):
        text = piece * (1_000_000 // len(piece))
        assert len(mask(text)) == len(text)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_a_document_is_covered_as_its_text_is(text: str) -> None:
    """Line by line the same."""
    assert str(masked(Text.of(text))) == mask(text)


def test_a_key_across_the_pieces_of_a_document_is_covered() -> None:
    """Documents are kept in pieces of some hundred lines; a key may begin in one of them."""
    lines = planted.key_block(planted.Random(6))
    for above in range(240, 260):
        text = "\n".join(["x = 1"] * above + lines + ["y = 2"] * 600)
        assert str(masked(Text.of(text))) == mask(text)
        assert [line for line in lines[1:-1] if line in mask(text)] == []


def test_a_document_without_secrets_is_itself() -> None:
    """So that whoever compares by identity sees no change."""
    text = Text.of("x = 1\r\ny = 2\n" * 1000)
    assert masked(text) is text


def test_no_planted_secret_reaches_a_prompt() -> None:
    """0 of 200, with the cursor before, behind, and in the middle of each."""
    family = FAMILIES["qwen2.5-coder"]
    prompts = PromptMaker(CharTokenizer(family), family, PromptSettings(), 1200, mask=masked)
    left = []
    for kind, secret, line in planted.planted(200):
        lines = ["import a", line, "b = a.c(1)", ""]
        middle = line.index(secret) + len(secret) // 2
        for cursor in (Cursor(0, 8), Cursor(1, len(line)), Cursor(2, 5), Cursor(1, middle)):
            text = Text.of("\n".join(lines))
            snapshot = Snapshot("file:///a.py", "a.py", "python", 1, text, cursor)
            made = prompts.make(snapshot)
            told = "".join(chr(each) for each in (*made.stable.ids, *made.live) if each < 0x110000)
            told += "".join(part.text for part in made.stable.parts)
            if secret in told or secret[len(secret) // 2 :] in told:
                left.append((kind, line, cursor))
            assert prompts.extend(made.stable, snapshot) in {None, made}  # None: it is too long
    assert left == []
