//! `--fix`: what is changed, and what is left as it was.

use super::{Project, snapshot};

#[test]
fn safe_fixes_are_applied() {
    let project = Project::new(&[
        (
            "a.py",
            "eval(x)\nexec(y)\neval(z)  # caveat: ignore[eval-call]\n",
        ),
        ("nested.py", "eval(eval(eval(x)))\n"),
    ]);
    snapshot!(
        project.scan("--fix --format concise"),
        project.scan("--fix --format concise"),
    );
    let text = |path: &str| String::from_utf8(project.read(path)).expect("it is text");
    assert_eq!(
        text("a.py"),
        "ast.literal_eval(x)\nexec(y)\neval(z)  # caveat: ignore[eval-call]\n"
    );
    let nested = "ast.literal_eval(ast.literal_eval(ast.literal_eval(x)))\n";
    assert_eq!(text("nested.py"), nested);
}

#[test]
fn bytes_around_a_fix_stay() {
    let check = |before: &[u8], after: &[u8]| {
        let project = Project::new(&[]);
        project.write("a.py", before);
        let outcome = project.scan("--fix a.py");
        assert_eq!(outcome.code, Some(0), "{}", outcome.transcript());
        let found = project.read("a.py");
        assert_eq!(
            String::from_utf8_lossy(&found),
            String::from_utf8_lossy(after)
        );
        assert_eq!(found, after);
    };
    check(
        b"x = 1\r\neval(\r\n  x)\r\n",
        b"x = 1\r\nast.literal_eval(x)\r\n",
    );
    check(b"\xef\xbb\xbfeval(x)", b"\xef\xbb\xbfast.literal_eval(x)");
    check(
        b"# coding: latin-1\neval('\xe9')\n",
        b"# coding: latin-1\nast.literal_eval('\xe9')\n",
    );
    check(b"eval(x)\r", b"ast.literal_eval(x)\r");
}

#[test]
fn hidden_findings_are_not_fixed() {
    let project = Project::new(&[("a.py", "eval(x)\n")]);
    project.scan("--fix --ignore eval-call");
    project.scan("--fix --select exec-call");
    assert_eq!(project.read("a.py"), b"eval(x)\n");
}

#[test]
fn bytes_that_are_no_text_are_not_written_back() {
    let project = Project::new(&[]);
    project.write("a.py", b"eval(x)  # \xff\n");
    snapshot!(project.scan("--fix --format concise a.py"));
    assert_eq!(project.read("a.py"), b"eval(x)  # \xff\n");
}

#[test]
#[cfg(unix)]
fn permissions_and_links_stay() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    let project = Project::new(&[("a.py", "eval(x)\n"), ("ro.py", "eval(x)\n")]);
    let mode = |path: &str| {
        fs::metadata(project.path(path))
            .expect("it exists")
            .permissions()
    };
    let set = |path: &str, bits| {
        fs::set_permissions(project.path(path), Permissions::from_mode(bits)).expect("it is ours");
    };
    set("a.py", 0o751);
    set("ro.py", 0o444);
    symlink("a.py", project.path("link.py")).expect("links can be made");
    snapshot!(project.scan("--fix --format concise link.py ro.py"));
    assert_eq!(mode("a.py").mode() & 0o777, 0o751);
    let is_link = project
        .path("link.py")
        .symlink_metadata()
        .expect("it exists")
        .is_symlink();
    assert!(is_link);
    assert_eq!(project.read("a.py"), b"ast.literal_eval(x)\n");
    assert_eq!(project.read("ro.py"), b"eval(x)\n");
}

/// What the built-in rules change without being asked twice, and what they only offer.
#[test]
fn built_in_rules_fix_parts_of_a_call() {
    let before = "\
import yaml, requests, bcrypt
from flask import Flask
from cryptography.hazmat.primitives.asymmetric import rsa

yaml.load(body)
yaml.load(
    body,  # as it came
    Loader=yaml.Loader,
)
rsa.generate_private_key(public_exponent=65537, key_size=1024)
bcrypt.gensalt(rounds=4)
requests.get(url, timeout=3, verify=False)
app = Flask(__name__)
app.run(host=\"127.0.0.1\", debug=True)
";
    let after = before
        .replace("yaml.load(body)", "yaml.safe_load(body)")
        .replace("yaml.Loader", "yaml.SafeLoader")
        .replace("1024", "3072")
        .replace("rounds=4", "rounds=12")
        .replace("debug=True", "debug=False");
    let project = Project::new(&[("a.py", before), ("a.rs", RUST)]);
    project.caveat("scan --fix a.py a.rs");
    let text = |path: &str| String::from_utf8(project.read(path)).expect("it is text");
    assert_eq!(text("a.py"), after);
    let after = RUST
        .replace("out.write(", "out.write_all(")
        .replace("1024", "3072");
    assert_eq!(text("a.rs"), after);
}

const RUST: &str = "\
use std::io::Write;

pub fn save(out: &mut impl Write, rng: &mut OsRng) -> std::io::Result<()> {
    out.write(b\"text\")?;
    let key = rsa::RsaPrivateKey::new(rng, 1024);
    let client = reqwest::Client::builder().danger_accept_invalid_certs(true).build();
    Ok(())
}
";
