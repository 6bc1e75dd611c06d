//! `caveat routes`: the table of routes and their guards; and the stage of a scan that judges
//! them, after all files were analysed one by one.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use anyhow::bail;
use caveat_engine::RuleSet;
use caveat_engine::finding::FileReport;
use caveat_engine::routes::{self, At, Parsed, Route, World, judge};
use caveat_parser::link::Project;
use caveat_parser::{Language, Parsers, SourceFile};
use rayon::prelude::*;
use serde::Serialize;

use crate::analysis::{self, Input, Origin};
use crate::args::{RoutesArgs, RoutesFormat};
use crate::{output, project, walk};

/// Parses what may register routes and hands the world of it to `ask`.
fn explore<T>(
    inputs: &[Input],
    project: &Project<'_>,
    seeds: &[&Input],
    ask: impl FnOnce(&World<'_>, &[&str]) -> T,
) -> T {
    let origins: HashMap<&str, &Origin> = inputs
        .iter()
        .map(|it| (&*it.relative, &it.origin))
        .collect();
    let load = |path: &str| parse(path, origins.get(path)?);
    let parsed: Vec<Parsed> = seeds
        .par_iter()
        .filter_map(|it| parse(&it.relative, &it.origin))
        .collect();
    let world = World::new(project, parsed, &load);
    let paths: Vec<&str> = seeds.iter().map(|it| &*it.relative).collect();
    ask(&world, &paths)
}

fn parse(path: &str, origin: &Origin) -> Option<Parsed> {
    let text = analysis::read(origin).ok()?.text;
    let arena = Parsers::default().parse(Language::from_path(path), &text, None)?;
    let source = Arc::new(SourceFile::new(path, text));
    Some(Parsed { source, arena })
}

/// Judges the routes that the files at `seeds` register and adds what is found to the reports.
pub fn follow(
    rules: &RuleSet,
    inputs: &[Input],
    project: &Project<'_>,
    seeds: &[&Input],
    reports: &mut [&mut FileReport],
) {
    let places: HashMap<Arc<str>, usize> = reports
        .iter()
        .enumerate()
        .map(|(at, it)| (it.path.clone(), at))
        .collect();
    let mut show = |world: &World<'_>, path: &str| {
        let file = world.project.file(path).and_then(|it| world.file(it));
        if let (Some(&at), Some(file)) = (places.get(path), file) {
            reports[at].source = Some(file.source.clone());
        }
        places.get(path).copied()
    };
    let found = explore(inputs, project, seeds, |world, paths| {
        let table = routes::collect(world, paths);
        let mut found = Vec::new();
        for (file, list) in routes::findings(rules, world, &table) {
            for place in list.iter().flat_map(|it| &it.related) {
                show(world, &place.path);
            }
            if let Some(at) = show(world, world.project.path(file)) {
                found.push((at, list));
            }
        }
        found
    });
    for (at, list) in found {
        reports[at].findings.extend(list);
        reports[at].findings.sort_by_key(|it| (it.span, it.rule));
    }
}

/// One line of the table.
#[derive(Serialize)]
struct Row {
    methods: Vec<String>,
    path: String,
    handler: String,
    file: String,
    line: u32,
    registered: String,
    framework: &'static str,
    guards: Vec<Shown>,
    verdict: String,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    level: &'static str,
    effective: bool,
}

/// Runs the command.
///
/// # Errors
/// When the paths cannot be walked, or nothing registers routes.
pub fn run(args: &RoutesArgs) -> anyhow::Result<bool> {
    let walk = walk::walk(&walk::Request {
        paths: &args.paths,
        exclude: &args.exclude,
        force_exclude: false,
        no_ignore: false,
        // Manifests say which package is which.
        want_text: true,
        ask_for: &|_| false,
    })?;
    let inputs: Vec<Input> = walk
        .entries
        .iter()
        .map(|entry| Input {
            relative: entry.relative.clone(),
            origin: Origin::Disk(entry.path.clone()),
            explicit: entry.explicit,
        })
        .collect();
    let seeds: Vec<&Input> = inputs.par_iter().filter(|it| registers(it)).collect();
    let project = project::of(&inputs);
    let rows = explore(&inputs, &project, &seeds, |world, paths| {
        let table = routes::collect(world, paths);
        table
            .routes
            .iter()
            .map(|it| row(world, it))
            .collect::<Vec<Row>>()
    });
    if rows.is_empty() && args.format != RoutesFormat::Json {
        bail!("nothing here registers routes");
    }
    let text = match args.format {
        RoutesFormat::Text => text(&rows),
        RoutesFormat::Markdown => markdown(&rows),
        RoutesFormat::Json => serde_json::to_string_pretty(&rows)? + "\n",
    };
    output::print(text.as_bytes())?;
    Ok(true)
}

fn registers(input: &Input) -> bool {
    analysis::read(&input.origin).is_ok_and(|it| routes::takes_part(&input.relative, &it.text))
}

fn line(world: &World<'_>, at: At) -> u32 {
    let file = world.file(at.file);
    file.map_or(0, |file| file.source.lines.line(world.span(at).start))
}

fn row(world: &World<'_>, route: &Route) -> Row {
    let place = |at: At| format!("{}:{}", world.project.path(at.file), line(world, at));
    let guards = route.guards.iter().map(|guard| Shown {
        name: guard.name.clone(),
        level: guard.level.word(),
        effective: guard.strength != routes::Strength::Null,
    });
    let misplaced = route.misplaced.iter().map(|guard| Shown {
        name: guard.name.clone(),
        level: guard.level.word(),
        effective: false,
    });
    Row {
        methods: route.methods.clone(),
        path: route.path.clone(),
        handler: route.name.clone(),
        file: world.project.path(route.handler.file).to_owned(),
        line: line(world, route.handler),
        registered: place(route.registration),
        framework: route.framework,
        guards: guards.chain(misplaced).collect(),
        verdict: judge::verdict(route).words(),
    }
}

fn guards(row: &Row) -> String {
    let shown = row.guards.iter().map(|guard| {
        let effect = if guard.effective {
            ""
        } else {
            ", without effect"
        };
        format!("{} ({}{effect})", guard.name, guard.level)
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn text(rows: &[Row]) -> String {
    let mut out = String::new();
    for row in rows {
        let _ = writeln!(out, "{} {}", row.methods.join("|"), row.path);
        let _ = writeln!(out, "    {} at {}:{}", row.handler, row.file, row.line);
        let shown = guards(row);
        let colon = if shown.is_empty() { "" } else { ": " };
        let _ = writeln!(out, "    {}{colon}{shown}", row.verdict);
    }
    out
}

fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| method | path | handler | place | guards | verdict |\n|---|---|---|---|---|---|\n",
    );
    let cell = |text: &str| text.replace('|', "\\|");
    for row in rows {
        let _ = writeln!(
            out,
            "| {} | `{}` | `{}` | {}:{} | {} | {} |",
            cell(&row.methods.join("|")),
            cell(&row.path),
            cell(&row.handler),
            row.file,
            row.line,
            cell(&guards(row)),
            row.verdict,
        );
    }
    out
}
