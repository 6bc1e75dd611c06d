//! Tokens whose format names their issuer, and private keys in armour: found in any text, comments
//! and strings included, without looking at names.
//!
//! Each format is what the issuer documents: a prefix that triggers, then an anchored pattern.
//! Where the format carries a checksum or a readable part, it must be right. Texts that issuers
//! print in their documentation, and fillers such as `xxxx`, are no tokens.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use caveat_parser::Span;
use regex::Regex;

use super::{encoding, random};
use crate::config::{Analysis, Hit, TextFile};
use crate::context;
use crate::rule::{Confidence, Severity};

/// What must hold of a text beside its pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// Nothing more: the format itself is rare enough.
    Shape,
    /// The last six signs are the CRC-32 of those between the prefix and them, in base 62.
    Checksum,
    /// The first part decodes to the header of a JSON Web Token.
    Header,
    /// Works in the issuer's test mode only.
    Test,
}

/// One format: its issuer and kind, the literal that triggers, the pattern from there, what else
/// must hold.
struct Format {
    what: &'static str,
    trigger: &'static str,
    pattern: &'static str,
    proof: Proof,
}

impl Format {
    /// The literal with which it begins.
    fn prefix(&self) -> &'static str {
        self.trigger.strip_prefix('=').unwrap_or(self.trigger)
    }
}

const fn shape(what: &'static str, trigger: &'static str, pattern: &'static str) -> Format {
    Format {
        what,
        trigger,
        pattern,
        proof: Proof::Shape,
    }
}

const fn proven(
    what: &'static str,
    trigger: &'static str,
    pattern: &'static str,
    proof: Proof,
) -> Format {
    Format {
        what,
        trigger,
        pattern,
        proof,
    }
}

#[rustfmt::skip]
static FORMATS: &[Format] = &[
    shape("an AWS access key", "=AKIA", "AKIA[A-Z2-7]{16}"),
    shape("an AWS temporary access key", "=ASIA", "ASIA[A-Z2-7]{16}"),
    shape("an AWS service bearer token", "=ABIA", "ABIA[A-Z2-7]{16}"),
    shape("an AWS context-specific credential", "=ACCA", "ACCA[A-Z2-7]{16}"),
    shape("an AWS Bedrock key", "=ABSK", "ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
    shape("an Amazon MWS token", "=amzn.mws.", "amzn\\.mws\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    shape("a Google API key", "=AIza", "AIza[A-Za-z0-9_-]{35}"),
    shape("a Google OAuth client secret", "=GOCSPX-", "GOCSPX-[A-Za-z0-9_-]{28}"),
    shape("a Google OAuth access token", "=ya29.", "ya29\\.[A-Za-z0-9_-]{30,}"),
    shape("an Azure storage key", "=AccountKey=", "AccountKey=[A-Za-z0-9+/]{86}=="),
    shape("an Azure service bus key", "=SharedAccessKey=", "SharedAccessKey=[A-Za-z0-9+/]{43}="),
    proven("a GitHub token", "=ghp_", "ghp_[A-Za-z0-9]{36}", Proof::Checksum),
    proven("a GitHub OAuth token", "=gho_", "gho_[A-Za-z0-9]{36}", Proof::Checksum),
    proven("a GitHub user token", "=ghu_", "ghu_[A-Za-z0-9]{36}", Proof::Checksum),
    proven("a GitHub server token", "=ghs_", "ghs_[A-Za-z0-9]{36}", Proof::Checksum),
    proven("a GitHub refresh token", "=ghr_", "ghr_[A-Za-z0-9]{36}", Proof::Checksum),
    shape("a GitHub fine-grained token", "=github_pat_", "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    shape("a GitLab access token", "=glpat-", "glpat-[A-Za-z0-9_-]{20}(\\.[0-9a-z]{2}\\.[0-9a-z]{7,9}|[A-Za-z0-9_-]{0,30})"),
    shape("a GitLab deploy token", "=gldt-", "gldt-[A-Za-z0-9_-]{20}"),
    shape("a GitLab runner token", "=glrt-", "glrt-[A-Za-z0-9_-]{20,}"),
    shape("a GitLab trigger token", "=glptt-", "glptt-[0-9a-f]{40}"),
    shape("a GitLab job token", "=glcbt-", "glcbt-[A-Za-z0-9_-]{20,}"),
    shape("a GitLab SCIM token", "=glsoat-", "glsoat-[A-Za-z0-9_-]{20}"),
    shape("a GitLab feed token", "=glft-", "glft-[A-Za-z0-9_-]{20,}"),
    shape("a GitLab mail token", "=glimt-", "glimt-[A-Za-z0-9_-]{25}"),
    shape("a GitLab agent token", "=glagent-", "glagent-[A-Za-z0-9_-]{50}"),
    shape("a GitLab OAuth secret", "=gloas-", "gloas-[A-Za-z0-9_-]{64}"),
    shape("a Slack bot token", "=xoxb-", "xoxb-[0-9]{9,14}-[0-9]{9,14}-[A-Za-z0-9]{20,}"),
    shape("a Slack user token", "=xoxp-", "xoxp-([0-9]{9,14}-){2,3}[A-Za-z0-9]{28,}"),
    shape("a Slack workspace token", "=xoxa-", "xoxa-[0-9A-Za-z-]{24,}"),
    shape("a Slack refresh token", "=xoxe", "xoxe(\\.xox[bp])?-1-[A-Za-z0-9-]{50,}"),
    shape("a Slack app token", "=xapp-", "xapp-[0-9]-[A-Z0-9]{8,}-[0-9]{9,}-[a-z0-9]{40,}"),
    shape("a Slack webhook", "=hooks.slack.com/", "hooks\\.slack\\.com/(services|workflows|triggers)/[A-Z0-9]{8,}/[A-Z0-9]{8,}/[A-Za-z0-9]{20,}"),
    shape("a Stripe key", "=sk_live_", "sk_live_[A-Za-z0-9]{20,247}"),
    shape("a Stripe restricted key", "=rk_live_", "rk_live_[A-Za-z0-9]{20,247}"),
    proven("a Stripe test key", "=sk_test_", "sk_test_[A-Za-z0-9]{20,247}", Proof::Test),
    proven("a Stripe restricted test key", "=rk_test_", "rk_test_[A-Za-z0-9]{20,247}", Proof::Test),
    shape("a webhook signing secret", "=whsec_", "whsec_[A-Za-z0-9+/]{32,}={0,2}"),
    shape("an OpenAI key", "=sk-", "sk-(proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{20,80}T3BlbkFJ[A-Za-z0-9_-]{20,80}"),
    shape("an Anthropic key", "=sk-ant-", "sk-ant-(api|admin|sid|oat|ort)[0-9]{2}-[A-Za-z0-9_-]{80,120}"),
    shape("an OpenRouter key", "=sk-or-", "sk-or-v1-[0-9a-f]{64}"),
    shape("a Hugging Face token", "=hf_", "hf_[A-Za-z]{34}"),
    shape("a Hugging Face organization token", "=api_org_", "api_org_[A-Za-z]{34}"),
    shape("a Groq key", "=gsk_", "gsk_[A-Za-z0-9]{52}"),
    shape("an xAI key", "=xai-", "xai-[A-Za-z0-9]{80}"),
    shape("a Perplexity key", "=pplx-", "pplx-[A-Za-z0-9]{48,56}"),
    shape("a Replicate token", "=r8_", "r8_[A-Za-z0-9]{37}"),
    shape("a LangSmith key", "=lsv2_", "lsv2_(pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    shape("a Tavily key", "=tvly-", "tvly-(dev-|prod-)?[A-Za-z0-9]{32}"),
    shape("a Pinecone key", "=pcsk_", "pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{60,70}"),
    proven("an npm token", "=npm_", "npm_[A-Za-z0-9]{36}", Proof::Checksum),
    shape("a PyPI token", "=pypi-AgEIcHlwaS5vcmc", "pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    shape("a TestPyPI token", "=pypi-AgENdGVzdC5weXBpLm9yZ", "pypi-AgENdGVzdC5weXBpLm9yZ[A-Za-z0-9_-]{50,}"),
    shape("a crates.io token", "=cio", "cio[A-Za-z0-9]{32}"),
    shape("a RubyGems key", "=rubygems_", "rubygems_[0-9a-f]{48}"),
    shape("a Docker token", "=dckr_pat_", "dckr_pat_[A-Za-z0-9_-]{27}"),
    shape("a Docker organization token", "=dckr_oat_", "dckr_oat_[A-Za-z0-9_-]{27,32}"),
    shape("a Twilio key", "=SK", "SK[0-9a-f]{32}"),
    shape("a SendGrid key", "=SG.", "SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}"),
    shape("a Mailgun key", "=key-", "key-[0-9a-f]{32}"),
    shape("a Brevo key", "=xkeysib-", "xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    shape("a Resend key", "=re_", "re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),
    shape("a Telegram bot token", "=:AA", ":AA[A-Za-z0-9_-]{33}"),
    shape("a Discord bot token", "=MT", "MT[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord bot token", "=Mj", "Mj[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord bot token", "=Mz", "Mz[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord bot token", "=ND", "ND[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord bot token", "=NT", "NT[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord bot token", "=Nj", "Nj[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord bot token", "=Nz", "Nz[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord bot token", "=OD", "OD[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord bot token", "=OT", "OT[A-Za-z0-9_-]{22,26}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"),
    shape("a Discord webhook", "=/api/webhooks/", "/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,}"),
    proven("a JSON Web Token", "=eyJ", "eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{20,}", Proof::Header),
    shape("a DigitalOcean token", "=dop_v1_", "dop_v1_[0-9a-f]{64}"),
    shape("a DigitalOcean OAuth token", "=doo_v1_", "doo_v1_[0-9a-f]{64}"),
    shape("a DigitalOcean refresh token", "=dor_v1_", "dor_v1_[0-9a-f]{64}"),
    shape("a Shopify access token", "=shpat_", "shpat_[0-9a-fA-F]{32}"),
    shape("a Shopify shared secret", "=shpss_", "shpss_[0-9a-fA-F]{32}"),
    shape("a Shopify custom app token", "=shpca_", "shpca_[0-9a-fA-F]{32}"),
    shape("a Shopify private app token", "=shppa_", "shppa_[0-9a-fA-F]{32}"),
    shape("a Square access token", "=sq0atp-", "sq0atp-[A-Za-z0-9_-]{22}"),
    shape("a Square secret", "=sq0csp-", "sq0csp-[A-Za-z0-9_-]{43}"),
    shape("an Atlassian token", "=ATATT3", "ATATT3[A-Za-z0-9_=-]{180,200}"),
    shape("a Linear key", "=lin_api_", "lin_api_[A-Za-z0-9]{40}"),
    shape("a Notion token", "=ntn_", "ntn_[0-9]{11}[A-Za-z0-9]{35}"),
    shape("a Doppler token", "=dp.pt.", "dp\\.pt\\.[A-Za-z0-9]{43}"),
    shape("a Doppler service token", "=dp.st.", "dp\\.st\\.([a-z0-9_-]+\\.)?[A-Za-z0-9]{40,44}"),
    shape("a HashiCorp Vault token", "=hvs.", "hvs\\.[A-Za-z0-9_-]{24,}"),
    shape("a HashiCorp Vault batch token", "=hvb.", "hvb\\.[A-Za-z0-9_-]{100,}"),
    shape("a Terraform Cloud token", "=.atlasv1.", "\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}"),
    shape("a Databricks token", "=dapi", "dapi[0-9a-f]{32}(-[0-9])?"),
    shape("a New Relic key", "=NRAK-", "NRAK-[A-Z0-9]{27}"),
    shape("a New Relic insert key", "=NRII-", "NRII-[A-Za-z0-9_-]{32}"),
    shape("a Grafana service account token", "=glsa_", "glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}"),
    shape("a Grafana Cloud token", "=glc_", "glc_eyJ[A-Za-z0-9+/]{40,}={0,2}"),
    shape("a Sentry organization token", "=sntrys_", "sntrys_eyJ[A-Za-z0-9+/=_-]{80,}"),
    shape("a Sentry user token", "=sntryu_", "sntryu_[0-9a-f]{64}"),
    shape("a Postman key", "=PMAK-", "PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    shape("a Pulumi token", "=pul-", "pul-[0-9a-f]{40}"),
    shape("a Supabase token", "=sbp_", "sbp_[0-9a-f]{40}"),
    shape("a Supabase secret key", "=sb_secret_", "sb_secret_[A-Za-z0-9_-]{31}"),
    shape("a PlanetScale password", "=pscale_pw_", "pscale_pw_[A-Za-z0-9_.-]{32,64}"),
    shape("a PlanetScale token", "=pscale_tkn_", "pscale_tkn_[A-Za-z0-9_.-]{32,64}"),
    shape("an Airtable token", "=pat", "pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}"),
    shape("a Figma token", "=figd_", "figd_[A-Za-z0-9_-]{40}"),
    shape("a Heroku key", "=HRKU-", "HRKU-AA[A-Za-z0-9_-]{58}"),
    shape("an EasyPost key", "=EZAK", "EZAK[A-Za-z0-9]{54}"),
    shape("a Dynatrace token", "=dt0c01.", "dt0c01\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}"),
    shape("an Artifactory key", "=AKCp", "AKCp[A-Za-z0-9]{69}"),
    shape("an age secret key", "=AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    shape("a 1Password service token", "=ops_eyJ", "ops_eyJ[A-Za-z0-9+/]{250,}={0,3}"),
    shape("a Buildkite token", "=bkua_", "bkua_[0-9a-f]{40}"),
    shape("a CircleCI token", "=CCIPAT_", "CCIPAT_[A-Za-z0-9]{22}_[0-9a-f]{40}"),
    shape("a SonarQube token", "=squ_", "squ_[0-9a-f]{40}"),
    shape("a SonarQube project token", "=sqp_", "sqp_[0-9a-f]{40}"),
    shape("an Alibaba access key", "=LTAI", "LTAI[A-Za-z0-9]{20}"),
    shape("a Mapbox secret token", "=sk.eyJ", "sk\\.eyJ[A-Za-z0-9_-]{60,}\\.[A-Za-z0-9_-]{22}"),
    shape("a Netlify token", "=nfp_", "nfp_[A-Za-z0-9]{36}"),
    shape("a Contentful token", "=CFPAT-", "CFPAT-[A-Za-z0-9_-]{43}"),
    shape("an Adafruit key", "=aio_", "aio_[A-Za-z0-9]{28}"),
    shape("a Prefect key", "=pnu_", "pnu_[A-Za-z0-9]{36}"),
    shape("a Dropbox token", "=sl.", "sl\\.[A-Za-z0-9_-]{130,}"),
    shape("a Braintree token", "=access_token$production$", "access_token\\$production\\$[a-z0-9]{16}\\$[0-9a-f]{32}"),
    shape("a Fly.io token", "=FlyV1 fm2_", "FlyV1 fm2_[A-Za-z0-9+/]{100,}={0,2}"),
];

/// The triggers of all formats, as the engine wants them.
const TRIGGERS: &[&str] = &{
    let mut all = [""; FORMATS.len()];
    let mut at = 0;
    while at < FORMATS.len() {
        all[at] = FORMATS[at].trigger;
        at += 1;
    }
    all
};

/// Shortest token, in bytes.
const SHORTEST: usize = 20;

/// Whether a token may begin at `start`: signs of tokens follow, not letters alone, or it is one
/// of those that stand in an address.
pub fn may_follow(text: &[u8], start: usize) -> bool {
    let Some(head) = text.get(start..start + SHORTEST) else {
        return false;
    };
    head.iter()
        .all(|&byte| byte.is_ascii_alphanumeric() || b"_-.:/+=$ ".contains(&byte))
}

/// Tokens of known issuers.
pub static TOKENS: Analysis = Analysis {
    rule: "provider-token",
    check: tokens,
    triggers: TRIGGERS,
    kinds: &[],
};

/// Private keys in armour.
pub static KEYS: Analysis = Analysis {
    rule: "private-key",
    check: keys,
    triggers: &[
        "PRIVATE KEY-----",
        "PRIVATE KEY BLOCK-----",
        "PuTTY-User-Key-File",
    ],
    kinds: &[],
};

/// Whether the text is, or holds, a token that [`TOKENS`] or [`KEYS`] reports.
pub fn is_token(text: &str) -> bool {
    text.contains("PRIVATE KEY") || find(text).next().is_some()
}

fn tokens(file: &TextFile) -> Vec<Hit> {
    let aside = context::is_test_path(file.path);
    let mut hits: Vec<Hit> = Vec::new();
    for (format, span) in find(file.text) {
        if hits.last().is_some_and(|last| span.start < last.span.end) {
            continue;
        }
        let hit = Hit::new(span, format.what);
        hits.push(match format.proof {
            // A token of a test has mostly expired, and was signed with a key of the test.
            Proof::Header if aside => hit.severity(Severity::Low).confidence(Confidence::Low),
            Proof::Header | Proof::Test => hit
                .severity(Severity::Medium)
                .confidence(Confidence::Medium),
            Proof::Checksum => hit,
            Proof::Shape if aside => hit.confidence(Confidence::Medium),
            Proof::Shape => hit,
        });
    }
    hits
}

/// Places of tokens, in order.
fn find(text: &str) -> impl Iterator<Item = (&'static Format, Span)> {
    automaton()
        .find_overlapping_iter(text)
        .filter_map(move |hit| {
            let format = &FORMATS[hit.pattern().as_usize()];
            let span = token_at(text, format, hit.pattern().as_usize(), hit.start())?;
            Some((format, span))
        })
}

fn automaton() -> &'static AhoCorasick {
    static AUTOMATON: OnceLock<AhoCorasick> = OnceLock::new();
    AUTOMATON.get_or_init(|| {
        AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(FORMATS.iter().map(Format::prefix))
            .expect("the prefixes are few and short")
    })
}

fn pattern(at: usize) -> &'static Regex {
    static PATTERNS: [OnceLock<Regex>; FORMATS.len()] = [const { OnceLock::new() }; FORMATS.len()];
    PATTERNS[at].get_or_init(|| {
        Regex::new(&format!("^{}", FORMATS[at].pattern)).expect("the patterns are tested")
    })
}

/// The token of a format that begins with the prefix at `start`.
fn token_at(text: &str, format: &Format, index: usize, start: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let found = pattern(index).find(&text[start..])?;
    let end = start + found.end();
    if bytes
        .get(end)
        .is_some_and(|&byte| is_part(byte) || byte == b'-')
    {
        return None;
    }
    let begin = match format.prefix().as_bytes()[0] {
        // The prefix stands within: what it belongs to goes before.
        b':' => digits_before(bytes, start)?,
        b'.' | b'/' => start,
        _ if format.prefix().contains('/') => start,
        _ if start > 0 && (is_part(bytes[start - 1]) || b"+/-.".contains(&bytes[start - 1])) => {
            return None;
        }
        _ => start,
    };
    let token = found.as_str();
    let body = token.strip_prefix(format.prefix()).unwrap_or(token);
    (is_real(body) && proves(format, body)).then(|| Span::new(begin as u32, end as u32))
}

/// Eight to ten digits before a colon: the number of a Telegram bot.
fn digits_before(bytes: &[u8], colon: usize) -> Option<usize> {
    let digits = bytes[..colon]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (8..=10).contains(&digits).then_some(colon - digits)
}

/// Whether the body is neither a filler nor an issuer's example.
fn is_real(body: &str) -> bool {
    const FILLERS: &[&str] = &[
        "xxxx",
        "0000",
        "1111",
        "1234567",
        "abcdef",
        "example",
        "your",
        "here",
        "token",
        "dummy",
        "fake",
        "sample",
        "placeholder",
        "redacted",
        "secret",
        "aaaa",
        "deadbeef",
        "change",
        "test",
        "notreal",
        "insert",
        "replace",
        "....",
    ];
    // Printed in the documentation of Stripe and JWT.
    const SAMPLES: &[&str] = &[
        "4eC39HqLyjWDarjtT1zdp7dc",
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ",
        "tGzv3JOkF0XG5Qx2TlKWIA",
    ];
    let lower = body.to_ascii_lowercase();
    let mut seen: Vec<u8> = lower.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    let long = body.len() > 60;
    let filled = FILLERS
        .iter()
        .any(|filler| lower.contains(filler) && (!long || filler.len() > 5 || *filler == "xxxx"));
    seen.len() >= 8
        && !filled
        && !random::is_run(body)
        && !SAMPLES.iter().any(|sample| body.contains(sample))
}

fn proves(format: &Format, body: &str) -> bool {
    match format.proof {
        Proof::Shape | Proof::Test => true,
        Proof::Checksum => {
            let (random, sum) = body.split_at(body.len() - 6);
            base62(encoding::crc32(random.as_bytes())) == sum
        }
        Proof::Header => {
            let header = body.split('.').next().unwrap_or("");
            let json = encoding::base64(&format!("{}{header}", format.prefix()));
            json.and_then(|bytes| String::from_utf8(bytes).ok())
                .is_some_and(|text| text.starts_with('{') && text.contains("\"alg\""))
        }
    }
}

/// Six digits of base 62: digits, capitals, small letters.
fn base62(mut value: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = [b'0'; 6];
    for place in out.iter_mut().rev() {
        *place = DIGITS[(value % 62) as usize];
        value /= 62;
    }
    out.iter().map(|&byte| char::from(byte)).collect()
}

fn keys(file: &TextFile) -> Vec<Hit> {
    let aside = context::is_test_path(file.path);
    let mut hits = Vec::new();
    let mut at = 0;
    while let Some((span, what)) = next_key(file.text, at) {
        at = span.end as usize;
        let mut hit = Hit::new(span, what);
        if is_cut_off(span.text(file.text)) {
            hit = hit
                .severity(Severity::Medium)
                .confidence(Confidence::Medium);
        }
        let aside = aside || is_beside_code(file, span);
        hits.push(match aside {
            // Made for a test, and of use to nobody else.
            true => hit.severity(Severity::Low).confidence(Confidence::Low),
            false => hit,
        });
    }
    hits
}

/// Whether a place of code lies in its tests, which stand last in Rust, or in its documentation.
fn is_beside_code(file: &TextFile, span: Span) -> bool {
    let before = &file.text[..span.start as usize];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = &before[line_start..];
    // In a text of Python that does not begin with the key, it is shown.
    let opened = before[..line_start].trim_end().trim_end_matches('\\');
    let shown = file.path.ends_with(".py")
        && !line.is_empty()
        && line.trim().is_empty()
        && !opened.ends_with(['"', '\'', '(']);
    if shown {
        return true;
    }
    let comment = line.trim_start().starts_with("//");
    file.path.ends_with(".rs") && (comment || before.contains("#[cfg(test)]"))
}

/// The next private key after `from` with a body.
fn next_key(text: &str, from: usize) -> Option<(Span, &'static str)> {
    let mut from = from;
    loop {
        let start = from + text[from..].find("-----BEGIN ")?;
        let head = &text[start + 11..];
        let title = &head[..head.find("-----")?];
        let body_start = start + 11 + title.len() + 5;
        from = body_start;
        let what = match title {
            "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => "a private key",
            "RSA PRIVATE KEY" => "an RSA private key",
            "EC PRIVATE KEY" | "DSA PRIVATE KEY" => "a private key",
            "OPENSSH PRIVATE KEY" => "an SSH private key",
            "PGP PRIVATE KEY BLOCK" => "a PGP private key",
            _ => continue,
        };
        let end = body_end(text, body_start);
        if is_key_body(&text[body_start..end]) {
            return Some((Span::new(start as u32, end as u32), what));
        }
    }
}

/// Longest body of a key, in bytes.
const LONGEST_KEY: usize = 20_000;

fn body_end(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let stop = rest.find("-----").unwrap_or(rest.len());
    let mut end = stop.min(LONGEST_KEY);
    while !rest.is_char_boundary(end) {
        end -= 1;
    }
    start + end
}

/// Two lines of base64 at least, with little between them but line ends, as they are or escaped.
fn is_key_body(body: &str) -> bool {
    let plain = body
        .replace("\\r", "")
        .replace("\\n", "\n")
        .replace(['"', '\'', '+', ',', '\\'], " ");
    let lines: Vec<&str> = plain
        .split(['\n', ' ', '\r', '\t'])
        .filter(|line| line.len() >= 16)
        .collect();
    let is_base64 = |line: &&&str| {
        line.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/=".contains(&byte))
    };
    let good: Vec<&&str> = lines.iter().filter(is_base64).collect();
    let letters: usize = good.iter().map(|line| line.len()).sum();
    let joined: String = good.iter().map(|line| **line).collect();
    let mut seen: Vec<u8> = joined.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    letters >= 60 && seen.len() >= 20 && good.len() * 2 > lines.len()
}

/// Whether the key says that it is longer than it is, as keys shortened for a manual do: its body
/// begins with the tag and length of a DER sequence.
fn is_cut_off(key: &str) -> bool {
    let body: String = key
        .trim_start_matches("-----BEGIN ")
        .trim_start_matches(|c: char| c != '-')
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c))
        .collect();
    let head = body.get(..8).and_then(encoding::base64);
    match head.as_deref() {
        Some([0x30, 0x82, high, low, ..]) => {
            let stated = usize::from(*high) << 8 | usize::from(*low);
            body.len() * 3 / 4 < stated
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_compile_and_begin_with_their_prefix() {
        assert!(FORMATS.len() >= 60);
        for (at, format) in FORMATS.iter().enumerate() {
            assert!(pattern(at).as_str().len() > 4, "{}", format.what);
            let literal = format.prefix().replace('.', "\\.").replace('$', "\\$");
            let known = format.pattern.starts_with(&literal);
            assert!(known, "{} {}", format.prefix(), format.pattern);
        }
    }

    /// A text that the pattern matches, of signs that look drawn at random. Made here, so that no
    /// file of the project holds what looks like a token.
    fn token(pattern: &str, seed: u64) -> String {
        let hir = regex_syntax::parse(pattern).expect("the patterns are tested");
        let mut out = String::new();
        let mut state = seed;
        write(&hir, &mut state, &mut out);
        out
    }

    fn write(hir: &regex_syntax::hir::Hir, state: &mut u64, out: &mut String) {
        use regex_syntax::hir::HirKind;
        match hir.kind() {
            HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, state, out)),
            HirKind::Alternation(parts) => write(&parts[0], state, out),
            HirKind::Capture(capture) => write(&capture.sub, state, out),
            HirKind::Repetition(repetition) => {
                for _ in 0..repetition.min {
                    write(&repetition.sub, state, out);
                }
            }
            HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
                let signs: Vec<char> = class
                    .iter()
                    .flat_map(|range| range.start()..=range.end())
                    .filter(char::is_ascii_alphanumeric)
                    .collect();
                *state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                out.push(signs[(*state >> 33) as usize % signs.len()]);
            }
            _ => {}
        }
    }

    fn is_found(text: &str) -> bool {
        let file = TextFile::new("src/a.py", text);
        !tokens(&file).is_empty()
    }

    #[test]
    fn every_format_is_found_and_its_look_alikes_are_not() {
        for format in FORMATS {
            if !matches!(format.proof, Proof::Shape | Proof::Test) {
                continue;
            }
            let lead = match format.prefix() {
                ":AA" => "123456789",
                _ => "",
            };
            // One seed in a few gives a filler by chance.
            let found = (1..6).any(|seed| {
                is_found(&format!(
                    "key = \"{lead}{}\"\n",
                    token(format.pattern, seed)
                ))
            });
            assert!(found, "{}", format.what);
            let real = token(format.pattern, 3);
            let body = real.strip_prefix(format.prefix()).unwrap_or(&real);
            for look_alike in [
                format!("key = \"{lead}{}\"", format.prefix()),
                format!(
                    "key = \"{lead}{}{}\"",
                    format.prefix(),
                    "x".repeat(body.len())
                ),
                format!(
                    "key = \"{lead}{}{}\"",
                    format.prefix(),
                    &body[..body.len() / 4]
                ),
            ] {
                assert!(!is_found(&look_alike), "{}: {look_alike}", format.what);
            }
        }
    }

    #[test]
    fn checksums() {
        let random = "k3Jd82hsLq0ZpWnVbT5yXr7UcMfGaE";
        let good = format!("ghp_{random}{}", base62(encoding::crc32(random.as_bytes())));
        assert!(is_token(&good));
        let bad = format!("ghp_{random}{}", "1Ab2C3");
        assert!(!is_token(&bad));
    }
}
