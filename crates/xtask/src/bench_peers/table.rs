//! The printed comparison.

use std::time::Duration;

use super::input::Input;
use super::tools::Tool;
use crate::process::Cost;

/// One run of one tool.
pub struct Sample {
    /// The tool's name.
    pub tool: &'static str,
    /// In which round it ran, from 0: samples of a round are compared with each other.
    pub round: u32,
    /// What it cost.
    pub cost: Cost,
}

/// One figure of a run.
type Figure = fn(&Cost) -> f64;

const CPU: Figure = |cost| seconds(cost.cpu);
const WALL: Figure = |cost| seconds(cost.wall);
const PEAK: Figure = |cost| cost.peak as f64 / f64::from(1 << 20);

/// Prints one line per tool: median figures, their ratios to the baseline, and CPU to caveat.
pub fn print(tools: &[&'static Tool], samples: &[Sample], baseline: Option<&str>, input: &Input) {
    let usual = if input.is_mostly_python() {
        "ruff"
    } else {
        "ast-grep"
    };
    let baseline = baseline.unwrap_or(usual);
    println!(
        "{:9} {:>6} {:>8} {:>15} {:>8} {:>9}   {:>8} {:>8} {:>8}   {:>10}",
        "tool", "rounds", "CPU s", "(min-max)", "wall s", "peak MiB", "CPU", "wall", "peak", "CPU"
    );
    println!(
        "{:62}   {:>26}   {:>10}",
        "",
        format!("times {baseline}"),
        "x caveat"
    );
    for tool in tools {
        let own: Vec<_> = samples.iter().filter(|s| s.tool == tool.name).collect();
        if own.is_empty() {
            continue;
        }
        let figure = |figure: Figure| median(own.iter().map(|s| figure(&s.cost)).collect());
        let ratio = |to: &str, figure: Figure| show_ratio(paired(samples, tool.name, to, figure));
        println!(
            "{:9} {:>6} {:>8} {:>15} {:>8} {:>9}   {:>8} {:>8} {:>8}   {:>10}",
            tool.name,
            own.len(),
            show(figure(CPU)),
            spread(&own),
            show(figure(WALL)),
            show(figure(PEAK)),
            ratio(baseline, CPU),
            ratio(baseline, WALL),
            ratio(baseline, PEAK),
            ratio("caveat", CPU),
        );
    }
}

/// The median over the rounds in which both ran of one tool's figure divided by the other's.
fn paired(samples: &[Sample], tool: &str, other: &str, figure: Figure) -> Option<f64> {
    let others = samples.iter().filter(|s| s.tool == other);
    let ratios = others.filter_map(|base| {
        let same_round = |s: &&Sample| s.tool == tool && s.round == base.round;
        let sample = samples.iter().find(same_round)?;
        let base = figure(&base.cost);
        (base > 0.0).then(|| figure(&sample.cost) / base)
    });
    median(ratios.collect())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        return values.get(middle).copied();
    }
    let (low, high) = (values.get(middle.checked_sub(1)?)?, values.get(middle)?);
    Some((low + high) / 2.0)
}

fn spread(own: &[&Sample]) -> String {
    let values = || own.iter().map(|s| CPU(&s.cost));
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(0.0, f64::max);
    format!("{low:.2}-{high:.2}")
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn show(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.2}"))
}

/// Three significant digits or so: `0.93`, `17.2`, `140`.
fn show_ratio(value: Option<f64>) -> String {
    match value {
        None => "-".into(),
        Some(value) if value < 10.0 => format!("{value:.2}"),
        Some(value) if value < 100.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(tool: &'static str, round: u32, milliseconds: u64) -> Sample {
        let time = Duration::from_millis(milliseconds);
        let cost = Cost {
            cpu: time,
            wall: time,
            peak: 0,
        };
        Sample { tool, round, cost }
    }

    #[test]
    fn ratios_pair_runs_of_the_same_round() {
        let samples = [
            sample("a", 0, 100),
            sample("b", 0, 200),
            sample("a", 1, 1000),
            sample("b", 1, 3000),
            sample("a", 2, 500),
        ];
        assert_eq!(paired(&samples, "b", "a", CPU), Some(2.5));
        assert_eq!(paired(&samples, "b", "c", CPU), None);
    }

    #[test]
    fn median_of_few() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
    }
}
