//! What the scans show, for a person: rates per rule, or changes between two binaries.

use std::collections::{BTreeMap, HashMap};

use super::findings::Finding;
use super::scan::{Project, Scan};

/// A finding and its project.
type Found<'a> = (&'a str, &'a Finding);

/// Prints findings per rule, per 10,000 lines of Python and Rust, most frequent first.
pub fn print_rates(projects: &[Project], scans: &[Scan]) {
    let lines: usize = projects.iter().map(|project| project.lines).sum();
    let rate = |count: usize| count as f64 * 10_000.0 / lines.max(1) as f64;
    let found = all(scans);
    let mut rules: BTreeMap<&str, Vec<Found>> = BTreeMap::new();
    for (project, finding) in &found {
        rules
            .entry(&finding.rule)
            .or_default()
            .push((project, finding));
    }
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by_key(|(_, found)| std::cmp::Reverse(found.len()));
    println!(
        "{:40} {:>8} {:>10} {:>8}",
        "rule", "findings", "per 10 kLOC", "projects"
    );
    for (rule, found) in &rules {
        let mut places: Vec<_> = found.iter().map(|(project, _)| project).collect();
        places.dedup();
        println!(
            "{rule:40} {:>8} {:>11.3} {:>8}",
            found.len(),
            rate(found.len()),
            places.len()
        );
    }
    println!(
        "{:40} {:>8} {:>11.3} {:>8}",
        "all",
        found.len(),
        rate(found.len()),
        scans.len()
    );
    println!("{lines} lines in {} projects", projects.len());
}

/// Prints every finding per rule, at most `limit` of each.
pub fn print_all(scans: &[Scan], limit: usize) {
    print_sides(all(scans), Vec::new(), limit);
}

/// Prints findings gained and lost per rule, at most `limit` of each. A project that one of the
/// binaries failed on is left out: all its findings would look lost or gained.
pub fn print_changes(old: &[Scan], new: &[Scan], limit: usize) {
    let (mut before, mut now) = (Vec::new(), Vec::new());
    for (old, new) in old.iter().zip(new) {
        if old.findings.is_ok() && new.findings.is_ok() {
            before.extend(found(old));
            now.extend(found(new));
        }
    }
    println!("{} before, {} now", before.len(), now.len());
    print_sides(
        missing_from(&now, &before),
        missing_from(&before, &now),
        limit,
    );
}

fn print_sides(gained: Vec<Found>, lost: Vec<Found>, limit: usize) {
    let mut rules: BTreeMap<&str, [Vec<Found>; 2]> = BTreeMap::new();
    for (side, found) in [gained, lost].into_iter().enumerate() {
        for (project, finding) in found {
            rules.entry(&finding.rule).or_default()[side].push((project, finding));
        }
    }
    let mut sums = [0; 2];
    for (rule, sides) in &rules {
        println!("{rule}: {} gained, {} lost", sides[0].len(), sides[1].len());
        for (side, sign) in [(0, '+'), (1, '-')] {
            print_side(&sides[side], sign, limit);
            sums[side] += sides[side].len();
        }
    }
    println!("{} gained, {} lost", sums[0], sums[1]);
}

fn print_side(found: &[Found], sign: char, limit: usize) {
    for (project, finding) in found.iter().take(limit) {
        let Finding {
            path,
            line,
            message,
            ..
        } = finding;
        println!("  {sign} {project}/{path}:{line}  {message}");
    }
    if let Some(more) = found.len().checked_sub(limit).filter(|more| *more > 0) {
        println!("  {sign} and {more} more");
    }
}

fn all(scans: &[Scan]) -> Vec<Found<'_>> {
    scans.iter().flat_map(found).collect()
}

fn found(scan: &Scan) -> impl Iterator<Item = Found<'_>> {
    let findings = scan.findings.iter().flatten();
    findings.map(|finding| (scan.project.as_str(), finding))
}

/// The findings of `these` that `those` lack. Two on one line of one rule are told apart by number.
fn missing_from<'a>(these: &[Found<'a>], those: &[Found]) -> Vec<Found<'a>> {
    let mut counts: HashMap<_, usize> = HashMap::new();
    for found in those {
        *counts.entry(key(found)).or_default() += 1;
    }
    let mut missing = Vec::new();
    for found in these {
        match counts.get_mut(&key(found)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => missing.push(*found),
        }
    }
    missing
}

fn key<'a>((project, finding): &Found<'a>) -> (&'a str, &'a str, &'a str, u64) {
    (project, &finding.rule, &finding.path, finding.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(line: u64, message: &str) -> Finding {
        Finding {
            rule: "r".into(),
            path: "p".into(),
            line,
            message: message.into(),
        }
    }

    #[test]
    fn lost_findings_are_counted_not_worded() {
        let (a, b, c) = (
            finding(1, "old words"),
            finding(1, "new words"),
            finding(2, ""),
        );
        let old = [("x", &a), ("x", &a), ("x", &c)];
        let new = [("x", &b), ("y", &c)];
        assert_eq!(missing_from(&old, &new), [("x", &a), ("x", &c)]);
        assert_eq!(missing_from(&new, &old), [("y", &c)]);
    }
}
