//! Which files a scan reads.

use super::{Project, snapshot};

#[test]
fn what_is_left_out() {
    let project = Project::new(&[
        (".gitignore", "ignored/\n"),
        (".caveatignore", "own.py\n"),
        ("a.py", "eval(x)\n"),
        (".hidden/a.py", "eval(x)\n"),
        ("ignored/a.py", "eval(x)\n"),
        ("own.py", "eval(x)\n"),
        ("third_party/a.py", "eval(x)\n"),
        ("x_pb2.py", "eval(x)\n"),
        ("made.py", "# @generated\neval(x)\n"),
        (".git/hooks/a.py", "eval(x)\n"),
        ("node_modules/x/a.py", "eval(x)\n"),
        ("env/pyvenv.cfg", ""),
        ("env/lib/a.py", "eval(x)\n"),
        ("script", "#!/usr/bin/env python3\neval(x)\n"),
        ("notes.txt", "eval(x)\n"),
    ]);
    executable(&project, "script");
    let run = |words: &str| project.scan(&format!("--format concise {words}"));
    snapshot!(
        run(""),
        run("--verbose"),
        run("--no-ignore"),
        run("--exclude a.py --exclude .hidden/"),
        run("--exclude {"),
    );
}

#[cfg(unix)]
fn executable(project: &Project, path: &str) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(project.path(path), mode).expect("it is ours");
}

#[cfg(not(unix))]
fn executable(_: &Project, _: &str) {}

#[test]
fn named_files_are_always_scanned() {
    let project = Project::new(&[
        (".caveatignore", "own.py\n"),
        ("own.py", "eval(x)\n"),
        ("vendor/a.py", "eval(x)\n"),
        ("made.py", "# DO NOT EDIT\neval(x)\n"),
    ]);
    let run = |words: &str| project.scan(&format!("--format concise {words}"));
    snapshot!(
        run("own.py vendor/a.py made.py ./own.py"),
        run("own.py --exclude own.py"),
        run("own.py vendor/a.py made.py --force-exclude"),
        run("own.py --force-exclude"),
    );
}

#[test]
fn paths_start_at_the_working_folder_or_at_what_is_named() {
    let project = Project::new(&[("in/x/a.py", "eval(x)\n"), ("in/y/b.py", "eval(x)\n")]);
    let elsewhere = Project::new(&[]);
    let run = |words: &str| {
        let words = format!("scan --rules rules --format concise {words}");
        elsewhere.caveat(&words.replace("IN", &project.path("in").display().to_string()))
    };
    let lines = |out: &str| out.lines().map(str::to_owned).collect::<Vec<_>>();
    let both = lines(&run("IN").out);
    assert!(both[0].starts_with("x/a.py:1:1: ") && both[1].starts_with("y/b.py:1:1: "));
    assert_eq!(lines(&run("IN/x/a.py IN/y").out), both);
    let own = lines(&project.scan("--format concise in/x/..").out);
    assert!(own[0].starts_with("in/x/a.py:1:1: "), "{own:?}");
}

#[test]
#[cfg(unix)]
fn links() {
    use std::os::unix::fs::symlink;
    let outside = Project::new(&[("secret.py", "eval(x)\n")]);
    let project = Project::new(&[("a/a.py", "eval(x)\n")]);
    symlink("..", project.path("a/loop")).expect("links can be made");
    symlink(outside.path(""), project.path("a/outside")).expect("links can be made");
    symlink(outside.path("secret.py"), project.path("a/link.py")).expect("links can be made");
    symlink("nowhere", project.path("a/broken.py")).expect("links can be made");
    let run = |words: &str| project.scan(&format!("--format concise {words}"));
    snapshot!(
        run("a"),
        run("a/link.py"),
        run("a/broken.py"),
        run("a/loop/a")
    );
}
