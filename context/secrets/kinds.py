"""Secrets as data: formats of known keys and tokens. Sources: the services' docs.

A kind has a mark, a fixed text that all of its secrets begin with or have right before them, and
an expression that is matched where the mark begins. What group 1 matches is the secret; the whole
match where there is no group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SecretKind:
    """One kind of secret.

    Attributes:
        name: for people.
        mark: what every such secret begins with, or has right before it.
        pattern: matched from where the mark begins.
        inner: the mark may follow a letter, a digit or an underscore.
    """

    name: str
    mark: str
    pattern: re.Pattern[str]
    inner: bool = False

    @property
    def is_run(self) -> bool:
        """Whether every such secret lies in one `RUN` from its mark on."""
        return not self.inner and _RUN_MARK.fullmatch(self.mark) is not None


RUN: Final = re.compile(r"[A-Za-z0-9_.+/=-]{16,}")
"""Unbroken text that is long enough for a token; what has no digit in it is none."""

_RUN_MARK = re.compile(r"[A-Za-z0-9_.+/-]+(?<!AAAA)")


def _kind(name: str, mark: str, rest: str, *, inner: bool = False) -> SecretKind:
    return SecretKind(name, mark, re.compile(re.escape(mark) + rest), inner)


_W = r"[A-Za-z0-9_-]"
_A = r"[A-Za-z0-9]"
_U = r"[^\s\"'`<>(){}\[\]|\\^*]"

KINDS: Final = (
    _kind("AWS key id", "AKIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _kind("AWS temporary key id", "ASIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _kind("AWS Bedrock key", "ABSKQmVkcm9ja0FQSUtle", r"[A-Za-z0-9+/=]{40,}"),
    _kind("AWS context key id", "ACCA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _kind("AWS bearer key", "ABIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _kind("Alibaba key id", "LTAI", rf"{_A}{{12,30}}(?!{_A})"),
    _kind("Tencent key id", "AKID", rf"{_A}{{32}}(?!{_A})"),
    _kind("Yandex key", "AQVN", rf"{_W}{{35,38}}"),
    _kind("Google API key", "AIza", rf"{_W}{{35}}"),
    _kind("Google client secret", "GOCSPX-", rf"{_W}{{20,}}"),
    _kind("Google access token", "ya29.", rf"{_W}{{20,}}"),
    _kind("Google refresh token", "1//0", rf"{_W}{{30,}}"),
    _kind("Firebase server key", "AAAA", rf"{_W}{{7}}:{_W}{{120,}}"),
    _kind("GitHub token", "ghp_", r"\w{30,}"),
    _kind("GitHub OAuth token", "gho_", r"\w{30,}"),
    _kind("GitHub user token", "ghu_", r"\w{30,}"),
    _kind("GitHub server token", "ghs_", r"[A-Za-z0-9_.-]{30,}"),
    _kind("GitHub refresh token", "ghr_", r"\w{30,}"),
    _kind("GitHub fine-grained token", "github_pat_", r"\w{50,}"),
    _kind("GitLab token", "glpat-", r"[A-Za-z0-9_.-]{20,}"),
    _kind(
        "GitLab other token", "gl", rf"(?:ptt|dt|rt|rtr|cbt|soat|ft|imt|agent|oas|wt)-{_W}{{20,}}"
    ),
    _kind("GitLab runner token", "GR1348941", rf"{_W}{{20,}}"),
    _kind("Bitbucket app password", "ATBB", rf"{_A}{{28,}}"),
    _kind("Atlassian token", "ATATT3", r"[A-Za-z0-9_=-]{60,}"),
    _kind("Atlassian key", "ATCTT3", r"[A-Za-z0-9_=-]{60,}"),
    _kind("Slack token", "xox", r"[abceoprs](?:\.[a-z]+)?-[A-Za-z0-9-]{10,}"),
    _kind("Slack app token", "xapp-", r"\d-[A-Za-z0-9-]{20,}"),
    _kind(
        "Slack webhook", "hooks.slack.com/", r"(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,})"
    ),
    _kind("Discord webhook", "/api/webhooks/", rf"(\d{{10,}}/{_W}{{40,}})", inner=True),
    _kind("Teams webhook", ".webhook.office.com/", rf"({_U}{{40,}})", inner=True),
    _kind("Stripe key", "sk_live_", rf"{_A}{{16,}}"),
    _kind("Stripe test key", "sk_test_", rf"{_A}{{16,}}"),
    _kind("Stripe restricted key", "rk_live_", rf"{_A}{{16,}}"),
    _kind("Stripe restricted test key", "rk_test_", rf"{_A}{{16,}}"),
    _kind("Webhook signing key", "whsec_", r"[A-Za-z0-9+/]{20,}={0,2}"),
    _kind("OpenAI-like key", "sk-", rf"(?=[A-Za-z_-]{{0,60}}\d)(?:[a-z]+\d*-){{0,4}}{_W}{{20,}}"),
    _kind("Hugging Face token", "hf_", rf"{_A}{{30,}}"),
    _kind("Hugging Face organization token", "api_org_", rf"{_A}{{30,}}"),
    _kind("Groq key", "gsk_", rf"{_A}{{40,}}"),
    _kind("xAI key", "xai-", rf"{_A}{{60,}}"),
    _kind("Perplexity key", "pplx-", rf"{_A}{{40,}}"),
    _kind("Replicate token", "r8_", rf"{_A}{{35,}}"),
    _kind("Fireworks key", "fw_", rf"{_A}{{22,26}}(?!\w)"),
    _kind("Tavily key", "tvly-", rf"{_W}{{20,}}"),
    _kind("LangSmith key", "lsv2_", r"(?:pt|sk)_[a-f0-9_]{32,}"),
    _kind("npm token", "npm_", rf"{_A}{{36}}"),
    _kind("npm registry token", ":_authToken", r"\s*=\s*\"?([^\s\"*$]{8,})", inner=True),
    _kind("PyPI token", "pypi-AgE", rf"{_W}{{50,}}"),
    _kind("RubyGems key", "rubygems_", r"[a-f0-9]{48}"),
    _kind("Crates token", "cio", rf"{_A}{{32}}(?!{_A})"),
    _kind("NuGet key", "oy2", r"[a-z0-9]{43}(?![a-z0-9])"),
    _kind("Clojars token", "CLOJARS_", r"[A-Za-z0-9]{40,}"),
    _kind("Docker token", "dckr_pat_", rf"{_W}{{20,}}"),
    _kind("Docker organization token", "dckr_oat_", rf"{_W}{{20,}}"),
    _kind("Artifactory key", "AKC", r"[A-Za-z0-9]{20,}"),
    _kind("SendGrid key", "SG.", rf"{_W}{{16,}}\.{_W}{{30,}}"),
    _kind("Mailgun key", "key-", r"[a-f0-9]{32}(?![a-f0-9])"),
    _kind("Brevo key", "xkeysib-", rf"{_W}{{40,}}"),
    _kind("Twilio key", "SK", r"[a-z0-9]{32}(?![A-Za-z0-9])"),
    _kind("Twilio account", "AC", r"[a-z0-9]{32}(?![A-Za-z0-9])"),
    _kind("Square token", "sq0", rf"[a-z]{{3}}-{_W}{{22,}}"),
    _kind("Square access token", "EAAA", rf"{_W}{{56,}}"),
    _kind("PayPal Braintree token", "access_token$production$", r"[a-z0-9]{16}\$[a-f0-9]{32}"),
    _kind("Plaid token", "access-", r"(?:sandbox|development|production)-[0-9a-f-]{36}"),
    _kind("Shopify token", "shp", r"(?:at|ca|pa|ss|ua|tka)_[a-fA-F0-9]{32}"),
    _kind("DigitalOcean token", "do", r"[oprt]{1,2}_v1_[a-f0-9]{64}"),
    _kind("Heroku key", "HRKU-", rf"{_W}{{30,}}"),
    _kind("Netlify token", "nfp_", rf"{_A}{{36}}"),
    _kind("Vercel token", "vercel_", rf"{_A}{{24,}}"),
    _kind("Fly token", "FlyV1 ", r"fm\d[a-z]?_[A-Za-z0-9+/=,_-]{40,}"),
    _kind("Fly token", "fm2_", r"[A-Za-z0-9+/=,_-]{40,}"),
    _kind("Cloudflare origin key", "v1.0-", r"[a-f0-9]{24}-[a-f0-9]{100,}"),
    _kind("Supabase token", "sbp_", r"[a-f0-9]{40}"),
    _kind("Supabase secret key", "sb_secret_", rf"{_W}{{20,}}"),
    _kind("PlanetScale token", "pscale_", r"(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}"),
    _kind("Neon key", "napi_", r"[a-z0-9]{40,}"),
    _kind("Databricks token", "dapi", r"[a-f0-9]{32}(?:-\d)?(?![a-f0-9])"),
    _kind("Snyk token", "snyk_", rf"[a-z]{{3}}\.{_W}{{30,}}"),
    _kind("Sentry token", "sntry", r"[su]_[A-Za-z0-9+/=_-]{40,}"),
    _kind("New Relic key", "NRAK-", r"[A-Z0-9]{27}"),
    _kind("New Relic other key", "NR", r"(?:JS|II|IQ|RA|MA|SP)-[A-Za-z0-9_-]{19,}"),
    _kind("Grafana token", "glsa_", r"[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
    _kind("Grafana cloud token", "glc_", r"[A-Za-z0-9+/]{32,}={0,2}"),
    _kind("Dynatrace token", "dt0", r"[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    _kind("PagerDuty key", "pdus+", rf"{_W}{{20,}}"),
    _kind("Vault token", "hvs.", rf"{_W}{{24,}}"),
    _kind("Vault batch token", "hvb.", rf"{_W}{{24,}}"),
    _kind("Terraform token", ".atlasv1.", rf"({_W}{{40,}})", inner=True),
    _kind("Pulumi token", "pul-", r"[a-f0-9]{40}"),
    _kind("Doppler token", "dp.", rf"(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]+\.)?{_A}{{40,}}"),
    _kind("Infisical token", "st.", r"[a-f0-9]{24}\.[a-f0-9]{32,}\.[a-f0-9]{32}"),
    _kind("1Password token", "ops_", r"eyJ[A-Za-z0-9+/=_-]{100,}"),
    _kind(
        "1Password key",
        "A3-",
        r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
    ),
    _kind("age key", "AGE-SECRET-KEY-1", r"[A-Z0-9]{58}"),
    _kind("Postman key", "PMAK-", r"[a-f0-9]{24}-[a-f0-9]{34}"),
    _kind("Linear key", "lin_", rf"(?:api|oauth)_{_A}{{32,}}"),
    _kind("Notion key", "ntn_", rf"{_A}{{40,}}"),
    _kind("Notion old key", "secret_", rf"{_A}{{43}}(?!{_A})"),
    _kind("Airtable token", "pat", r"[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    _kind("Asana token", "1/", r"\d{13,}(?:/\d{13,})?:[a-f0-9]{32}"),
    _kind("Figma token", "figd_", rf"{_W}{{38,}}"),
    _kind("Dropbox token", "sl.", rf"{_W}{{120,}}"),
    _kind("Mapbox token", "sk.eyJ", rf"{_W}{{20,}}\.{_W}{{20,}}"),
    _kind("Contentful token", "CFPAT-", rf"{_W}{{40,}}"),
    _kind("Okta-like SSWS token", "SSWS ", rf"({_W}{{30,}})"),
    _kind("Facebook token", "EAA", r"[A-Za-z0-9]{80,}"),
    _kind("Instagram token", "IGQV", rf"{_W}{{80,}}"),
    _kind("Twitter bearer token", "AAAAAAAAAAAAAAAAAAAAA", r"[A-Za-z0-9%]{60,}"),
    _kind("Typeform token", "tfp_", r"[A-Za-z0-9_.=-]{40,}"),
    _kind("Adobe secret", "p8e-", rf"{_A}{{32}}"),
    _kind("Flutterwave key", "FLWSECK", r"(?:_TEST)?-[a-h0-9]{12,}-X"),
    _kind("Razorpay key", "rzp_", rf"(?:live|test)_{_A}{{14,}}"),
    _kind("Easypost key", "EZ", rf"[AT]K{_A}{{54}}"),
    _kind("Web token", "eyJ", rf"{_W}{{8,}}\.(?:eyJ|ey){_W}{{4,}}(?:\.{_W}*)?"),
    _kind("Encrypted web token", "eyJ", rf"{_W}{{8,}}\.{_W}*\.{_W}{{8,}}\.{_W}{{8,}}\.{_W}{{8,}}"),
    _kind("Azure account key", "AccountKey=", r"([A-Za-z0-9+/]{40,}={0,2})"),
    _kind("Azure shared key", "SharedAccessKey=", r"([A-Za-z0-9+/]{40,}={0,2})"),
    _kind("Signed URL", "sig=", r"([A-Za-z0-9%+/_-]{30,}={0,2})"),
    _kind("Signed URL", "X-Amz-Signature=", r"([a-f0-9]{64})"),
    _kind("Signed URL", "X-Goog-Signature=", r"([a-f0-9]{64,})"),
    _kind("Telegram token", ":AA", rf"(?<=\d{{8}}:AA){_W}{{33,35}}(?!{_W})", inner=True),
    _kind("PuTTY key", "Private-MAC: ", r"([a-f0-9]{40,64})"),
)
"""Tokens with a fixed beginning."""

SHAPES: Final = re.compile(
    rf"(?<!\w)(?:[MNO]{_W}{{23,27}}\.{_W}{{6}}\.{_W}{{27,40}}"  # Discord bots
    r"|[0-9a-z]{32}-us\d{1,2})(?!\w)"  # Mailchimp
)
"""Tokens that show what they are only by their build; matched inside of a `RUN`."""
