//! Finds containers that may take over their host, in Compose files and Kubernetes manifests.
//!
//! Full privileges, the container engine's socket, the host's root folder, and the host's
//! process table. A read-only socket still answers every request, but tells of care: low.

use super::{
    Analysis, FileKind, Hit, TextFile, in_order,
    yaml::{Node, Tree},
};
use crate::rule::{Confidence, Severity};

pub(super) const ANALYSIS: Analysis = Analysis {
    rule: "container-privileged",
    check,
    triggers: &[
        "privileged",
        "docker.sock",
        "containerd.sock",
        "crio.sock",
        "podman.sock",
        "SYS_ADMIN",
        "ALL",
        "host",
        "allowPrivilegeEscalation",
    ],
    kinds: &[FileKind::Compose, FileKind::Kubernetes],
};

/// Capabilities that amount to the whole machine.
const STRONG_CAPABILITIES: &[&str] = &["ALL", "SYS_ADMIN", "SYS_MODULE"];

fn check(file: &TextFile) -> Vec<Hit> {
    let Ok(tree) = Tree::parse(file.text) else {
        return Vec::new();
    };
    let mut hits = Vec::new();
    if file.kind == FileKind::Compose {
        for (name, service) in tree
            .roots()
            .filter_map(|r| r.get("services"))
            .flat_map(Node::entries)
        {
            compose_service(name.text().unwrap_or(""), service, &mut hits);
        }
    } else {
        tree.walk(|key, value| {
            kubernetes_entry(key, value, &mut hits);
            kubernetes_volumes(value, &mut hits);
        });
    }
    in_order(hits)
}

fn compose_service(name: &str, service: Node, hits: &mut Vec<Hit>) {
    let mut add = |at: Node, what: &str, severity: Option<Severity>| {
        let mut hit = Hit::new(at.span(), format!("{what} of service `{name}`"));
        hit.severity = severity;
        hits.push(hit);
    };
    if let Some((key, _)) = service
        .entry("privileged")
        .filter(|(_, value)| value.is_true())
    {
        add(key, "`privileged: true`", None);
    }
    for (setting, severity) in [
        ("pid", None),
        ("network_mode", Some(Severity::Low)),
        ("ipc", Some(Severity::Low)),
    ] {
        if let Some((key, _)) = service
            .entry(setting)
            .filter(|(_, value)| value.text() == Some("host"))
        {
            add(key, &format!("`{setting}: host`"), severity);
        }
    }
    for item in service.get("cap_add").into_iter().flat_map(Node::items) {
        if let Some(capability) = strong_capability(item) {
            add(item, &format!("`cap_add: {capability}`"), None);
        }
    }
    for volume in service.get("volumes").into_iter().flat_map(Node::items) {
        if let Some((source, read_only)) = compose_source(volume) {
            let dangerous = dangerous_path(source).map(|what| (what, read_only));
            if let Some((what, read_only)) = dangerous {
                add(
                    volume,
                    &format!("{what} in the volumes"),
                    read_only.then_some(Severity::Low),
                );
            }
        }
    }
}

fn strong_capability(item: Node<'_>) -> Option<&str> {
    let text = item.text()?;
    let name = text.strip_prefix("CAP_").unwrap_or(text);
    STRONG_CAPABILITIES.contains(&name).then_some(name)
}

/// Path on the host of a volume in the short or long form, and whether it is read-only.
fn compose_source(volume: Node<'_>) -> Option<(&str, bool)> {
    if let Some(text) = volume.text() {
        // `${NAME:-/default}:/inside` holds colons of its own.
        let start = if text.starts_with("${") {
            text.find('}')?
        } else {
            0
        };
        let (_, rest) = text[start..].split_once(':')?;
        let source = &text[..text.len() - rest.len() - 1];
        let options = rest.split_once(':').map_or("", |(_, options)| options);
        return Some((source, options.split(',').any(|option| option == "ro")));
    }
    let read_only = volume.get("read_only").is_some_and(Node::is_true);
    Some((volume.get("source")?.text()?, read_only))
}

/// Words for a path of the host that gives the host away.
fn dangerous_path(path: &str) -> Option<String> {
    let sockets = ["docker.sock", "containerd.sock", "crio.sock", "podman.sock"];
    let path = path.trim_end_matches('}');
    if let Some(socket) = sockets.iter().find(|socket| path.ends_with(**socket)) {
        return Some(format!("the socket `{socket}`"));
    }
    (path == "/").then(|| "the host's root folder `/`".to_owned())
}

fn kubernetes_entry(key: Node, value: Node, hits: &mut Vec<Hit>) {
    match key.text().unwrap_or("") {
        "containers" | "initContainers" | "ephemeralContainers" => {
            for container in value.items() {
                kubernetes_container(container, hits);
            }
        }
        name @ ("hostPID" | "hostIPC") if value.is_true() => {
            hits.push(Hit::new(key.span(), format!("`{name}: true`")));
        }
        "hostNetwork" if value.is_true() => {
            hits.push(Hit::new(key.span(), "`hostNetwork: true`").severity(Severity::Low));
        }
        _ => {}
    }
}

/// Host folders among the volumes of a pod; read-only mounts are the lesser finding.
fn kubernetes_volumes(pod: Node, hits: &mut Vec<Hit>) {
    for volume in pod.get("volumes").into_iter().flat_map(Node::items) {
        let Some((at, path)) = volume.get("hostPath").and_then(|host| host.entry("path")) else {
            continue;
        };
        let Some(what) = path.text().and_then(dangerous_path) else {
            continue;
        };
        let name = volume.get("name").and_then(Node::text);
        let containers = pod
            .get("containers")
            .into_iter()
            .chain(pod.get("initContainers"));
        let mounts: Vec<Node> = containers
            .flat_map(Node::items)
            .filter_map(|container| container.get("volumeMounts"))
            .flat_map(Node::items)
            .filter(|mount| mount.get("name").and_then(Node::text) == name)
            .collect();
        let read_only = !mounts.is_empty()
            && mounts
                .iter()
                .all(|mount| mount.get("readOnly").is_some_and(Node::is_true));
        let hit = Hit::new(at.span(), format!("{what} in `hostPath`"));
        hits.push(if read_only {
            hit.severity(Severity::Low)
        } else {
            hit
        });
    }
}

fn kubernetes_container(container: Node, hits: &mut Vec<Hit>) {
    let name = container.get("name").and_then(Node::text).unwrap_or("");
    let Some(context) = container.get("securityContext") else {
        return;
    };
    if let Some((key, _)) = context
        .entry("privileged")
        .filter(|(_, value)| value.is_true())
    {
        hits.push(Hit::new(
            key.span(),
            format!("`privileged: true` of container `{name}`"),
        ));
        return;
    }
    if let Some((key, _)) = context
        .entry("allowPrivilegeEscalation")
        .filter(|(_, v)| v.is_true())
    {
        let hit = Hit::new(
            key.span(),
            format!("`allowPrivilegeEscalation: true` of container `{name}`"),
        );
        hits.push(hit.severity(Severity::Low).confidence(Confidence::Medium));
    }
    let added = context.get("capabilities").and_then(|c| c.get("add"));
    for item in added.into_iter().flat_map(Node::items) {
        if let Some(capability) = strong_capability(item) {
            hits.push(Hit::new(
                item.span(),
                format!("the capability `{capability}` of container `{name}`"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let hits = super::check(&TextFile::new(path, text));
        let got: Vec<_> = hits.iter().map(|hit| hit.span.text(text)).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn compose() {
        let service = |body: &str, expected| {
            check(
                "compose.yml",
                &format!("services:\n  w: {{{body}}}\n"),
                expected,
            );
        };
        service("privileged: true", &["privileged"]);
        service("privileged: false", &[]);
        service("pid: host, network_mode: host", &["pid", "network_mode"]);
        service("cap_add: [NET_BIND_SERVICE, SYS_ADMIN]", &["SYS_ADMIN"]);
        service("cap_drop: [ALL]", &[]);
        service(
            "volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro', './x:/y']",
            &["'/var/run/docker.sock:/var/run/docker.sock:ro'"],
        );
        service(
            "volumes: [{type: bind, source: /, target: /host}]",
            &["{type: bind, source: /, target: /host}"],
        );
        service(
            "volumes: ['${SOCK:-/var/run/docker.sock}:/var/run/docker.sock']",
            &["'${SOCK:-/var/run/docker.sock}:/var/run/docker.sock'"],
        );
        check(
            "compose.yml",
            "x-d: &d\n  privileged: true\nservices: {w: {<<: *d}}",
            &["privileged"],
        );
    }

    #[test]
    fn kubernetes() {
        let pod = |spec: &str, expected| {
            check(
                "k.yaml",
                &format!("apiVersion: v1\nkind: Pod\nspec: {{{spec}}}\n"),
                expected,
            );
        };
        pod(
            "containers: [{name: a, securityContext: {privileged: true}}]",
            &["privileged"],
        );
        pod(
            "containers: [{name: a, securityContext: {capabilities: {drop: [ALL]}}}]",
            &[],
        );
        pod(
            "containers: [{name: a, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]",
            &["SYS_ADMIN"],
        );
        pod("hostPID: true, hostNetwork: false", &["hostPID"]);
        pod(
            "volumes: [{hostPath: {path: /}}, {hostPath: {path: /data}}]",
            &["path"],
        );
    }
}
