"""Made-up secrets of many kinds, and lines of code with them. None of them opens anything."""

from __future__ import annotations

import base64
import random
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Random = random.Random

ALNUM = string.ascii_letters + string.digits
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
HEX = "0123456789abcdef"


def text(rng: Random, letters: str, length: int) -> str:
    """Random letters with at least one digit, as any real token has."""
    drawn = [rng.choice(letters) for _ in range(length)]
    digits = [letter for letter in letters if letter.isdigit()]
    drawn[rng.randrange(length)] = rng.choice(digits or list(letters))
    return "".join(drawn)


def _part(rng: Random, length: int) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(length)).decode().rstrip("=")


def web_token(rng: Random) -> str:
    """A signed JSON web token."""
    return f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx{_part(rng, 20)}.{_part(rng, 32)}"


def uuid(rng: Random) -> str:
    """A random UUID."""
    return "-".join(text(rng, HEX, length) for length in (8, 4, 4, 4, 12))


TOKENS: dict[str, Callable[[Random], str]] = {
    "aws_key_id": lambda rng: "AKIA" + text(rng, UPPER, 16),
    "aws_session_id": lambda rng: "ASIA" + text(rng, UPPER, 16),
    "google_api": lambda rng: "AIza" + text(rng, ALNUM + "_-", 35),
    "google_oauth": lambda rng: "GOCSPX-" + text(rng, ALNUM, 28),
    "google_access": lambda rng: "ya29." + text(rng, ALNUM + "_-", 60),
    "github": lambda rng: "ghp_" + text(rng, ALNUM, 36),
    "github_app": lambda rng: "ghs_" + text(rng, ALNUM, 36),
    "github_fine": lambda rng: f"github_pat_{text(rng, ALNUM, 22)}_{text(rng, ALNUM, 59)}",
    "gitlab": lambda rng: "glpat-" + text(rng, ALNUM + "_-", 20),
    "gitlab_deploy": lambda rng: "gldt-" + text(rng, ALNUM, 20),
    "bitbucket": lambda rng: "ATBB" + text(rng, ALNUM, 32),
    "atlassian": lambda rng: "ATATT3xFf" + text(rng, ALNUM + "_-", 180),
    "slack_bot": lambda rng: f"xoxb-{text(rng, string.digits, 12)}-{text(rng, ALNUM, 24)}",
    "slack_user": lambda rng: f"xoxp-{text(rng, string.digits, 12)}-{text(rng, HEX, 32)}",
    "slack_app": lambda rng: f"xapp-1-{text(rng, UPPER, 11)}-{text(rng, HEX, 64)}",
    "slack_hook": lambda rng: (
        f"https://hooks.slack.com/services/T{text(rng, UPPER, 8)}/B{text(rng, UPPER, 8)}/"
        + text(rng, ALNUM, 24)
    ),
    "discord_hook": lambda rng: (
        f"https://discord.com/api/webhooks/{text(rng, string.digits, 18)}/"
        + text(rng, ALNUM + "_-", 68)
    ),
    "stripe": lambda rng: "sk_live_" + text(rng, ALNUM, 24),
    "stripe_restricted": lambda rng: "rk_live_" + text(rng, ALNUM, 99),
    "stripe_hook": lambda rng: "whsec_" + text(rng, ALNUM, 32),
    "openai_old": lambda rng: "sk-" + text(rng, ALNUM, 48),
    "openai": lambda rng: "sk-proj-" + text(rng, ALNUM + "_-", 120),
    "anthropic": lambda rng: "sk-ant-api03-" + text(rng, ALNUM + "_-", 93) + "AA",
    "openrouter": lambda rng: "sk-or-v1-" + text(rng, HEX, 64),
    "hugging_face": lambda rng: "hf_" + text(rng, ALNUM, 34),
    "groq": lambda rng: "gsk_" + text(rng, ALNUM, 52),
    "replicate": lambda rng: "r8_" + text(rng, ALNUM, 37),
    "npm": lambda rng: "npm_" + text(rng, ALNUM, 36),
    "pypi": lambda rng: "pypi-AgEIcHlwaS5vcmc" + text(rng, ALNUM + "_-", 150),
    "rubygems": lambda rng: "rubygems_" + text(rng, HEX, 48),
    "docker": lambda rng: "dckr_pat_" + text(rng, ALNUM + "_-", 27),
    "sendgrid": lambda rng: f"SG.{text(rng, ALNUM, 22)}.{text(rng, ALNUM + '_-', 43)}",
    "mailgun": lambda rng: "key-" + text(rng, HEX, 32),
    "twilio": lambda rng: "SK" + text(rng, HEX, 32),
    "square": lambda rng: "sq0csp-" + text(rng, ALNUM, 43),
    "shopify": lambda rng: "shpat_" + text(rng, HEX, 32),
    "digitalocean": lambda rng: "dop_v1_" + text(rng, HEX, 64),
    "netlify": lambda rng: "nfp_" + text(rng, ALNUM, 36),
    "supabase": lambda rng: "sbp_" + text(rng, HEX, 40),
    "planetscale": lambda rng: "pscale_tkn_" + text(rng, ALNUM, 43),
    "databricks": lambda rng: "dapi" + text(rng, HEX, 32),
    "new_relic": lambda rng: "NRAK-" + text(rng, UPPER, 27),
    "grafana": lambda rng: f"glsa_{text(rng, ALNUM, 32)}_{text(rng, HEX, 8)}",
    "vault": lambda rng: "hvs." + text(rng, ALNUM + "_-", 90),
    "terraform": lambda rng: f"{text(rng, ALNUM, 14)}.atlasv1.{text(rng, ALNUM, 67)}",
    "pulumi": lambda rng: "pul-" + text(rng, HEX, 40),
    "doppler": lambda rng: "dp.pt." + text(rng, ALNUM, 43),
    "age": lambda rng: "AGE-SECRET-KEY-1" + text(rng, UPPER, 58),
    "postman": lambda rng: f"PMAK-{text(rng, HEX, 24)}-{text(rng, HEX, 34)}",
    "linear": lambda rng: "lin_api_" + text(rng, ALNUM, 40),
    "notion": lambda rng: "ntn_" + text(rng, ALNUM, 46),
    "airtable": lambda rng: f"pat{text(rng, ALNUM, 14)}.{text(rng, HEX, 64)}",
    "figma": lambda rng: "figd_" + text(rng, ALNUM + "_-", 40),
    "telegram": lambda rng: f"{rng.randrange(10**8, 10**9)}:AA{text(rng, ALNUM + '_-', 33)}",
    "discord_bot": lambda rng: (
        f"MT{text(rng, ALNUM, 22)}.G{text(rng, ALNUM, 5)}.{text(rng, ALNUM + '_-', 38)}"
    ),
    "mailchimp": lambda rng: text(rng, HEX, 32) + "-us12",
    "web_token": web_token,
}
"""Tokens that show what they are, whatever stands around them."""

VALUES: dict[str, Callable[[Random], str]] = {
    "random": lambda rng: text(rng, ALNUM, 32),
    "hex": lambda rng: text(rng, HEX, 40),
    "base64": lambda rng: base64.b64encode(rng.randbytes(30)).decode(),
    "uuid": uuid,
    "aws_secret": lambda rng: text(rng, ALNUM + "/+", 40),
}
"""Values that only a name shows to be secret."""

PASSWORDS: dict[str, Callable[[Random], str]] = {
    "word": lambda rng: rng.choice(["swordfish", "correcthorse", "letmein", "qwertyuiop"]),
    "mixed": lambda rng: f"{rng.choice(['Tr0ub4dor', 'Hunter', 'Winter'])}&{rng.randrange(1000)}x",
    "random": lambda rng: text(rng, ALNUM + "!#%&+-_", 16),
}
"""What people choose."""

TOKEN_LINES = (
    'client = Client("{}")',
    "const client = new Client('{}');",
    "    // {}",
    "# the key is {} until May",
    'curl -H "X-Api-Key: {}" https://host/',
    "value: {}",
    "export THING={}",
    '{{"value": "{}", "other": 1}}',
    "f(`{}`)",
    '<add value="{}" />',
    "url = base + '?a=1&k={}'",
)

NAMED_LINES = (
    'API_KEY = "{}"',
    "api_key: '{}',",
    'const apiKey: string = "{}";',
    'private static final String SECRET_KEY = "{}";',
    'os.environ["ACCESS_TOKEN"] = "{}"',
    '"clientSecret": "{}",',
    'secretAccessKey := "{}"',
    "export AUTH_TOKEN={}",
    "  auth_token: {}",
    "client = Client(token='{}')",
    'headers = {{"Authorization": "Bearer {}"}}',
    'set("private_key", "{}")',
    'let signing_key = b"{}";',
)

PASSWORD_LINES = (
    'password = "{}"',
    "PASSWORD: '{}'",
    'def connect(user="me", password="{}"):',
    'dbPassword: "{}",',
    '"Server=db;User Id=me;Password={};Encrypt=yes"',
    "export DB_PASSWORD={}",
    '<add key="x" passwd="{}"/>',
    'String pwd = "{}";',
    'passphrase => "{}",',
)

URL_LINES = (
    'URL = "postgres://me:{}@db.host:5432/app"',
    "redis://:{}@cache:6379/0",
    "git clone https://me:{}@host/x.git",
    'amqp = "amqps://user:{}@host/vhost"',
)


def key_block(rng: Random, name: str = "RSA PRIVATE KEY") -> list[str]:
    """The lines of a private key; the first and the last are no secret."""
    body = base64.b64encode(rng.randbytes(600)).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return [f"-----BEGIN {name}-----", *lines, f"-----END {name}-----"]


def planted(count: int, seed: int = 1) -> Iterator[tuple[str, str, str]]:
    """Kind, secret, and a line (or lines) of code with it; the kinds in turn."""
    rng = Random(seed)
    drawers: list[tuple[str, Callable[[Random], str], tuple[str, ...]]]
    drawers = [(kind, draw, TOKEN_LINES) for kind, draw in TOKENS.items()]
    drawers += [(f"named {kind}", draw, NAMED_LINES) for kind, draw in VALUES.items()]
    drawers += [(f"password {kind}", draw, PASSWORD_LINES) for kind, draw in PASSWORDS.items()]
    drawers += [(f"url {kind}", draw, URL_LINES) for kind, draw in PASSWORDS.items()]
    for number in range(count):
        kind, draw, lines = drawers[number % len(drawers)]
        secret = draw(rng)
        yield kind, secret, rng.choice(lines).format(secret)
