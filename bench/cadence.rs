//! What it costs to follow a task, and how soon its end is noticed: this client's rule beside those
//! of others, and beside the best that one could do who knew how long runs take.
//!
//! `cargo bench --bench cadence` prints Markdown, the same each time. No time really passes.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use anaplan_tasks::policy::{Cadence, FLOOR, Forecast, Millis};

const SECOND: Millis = 1_000.0;
const RUNS: usize = 20_000;

/// How many runs are followed with one history, before another is drawn.
const RUNS_PER_HISTORY: usize = 10;

const MIXES: [Mix; 3] =
    [Mix::new(60.0, 1.0, 4_000.0), Mix::new(180.0, 1.2, 20_000.0), Mix::new(900.0, 1.0, 60_000.0)];

const LENGTHS: [(&str, Millis); 4] = [
    ("20 s", 20.0 * SECOND),
    ("10 min", 600.0 * SECOND),
    ("1 h", 3_600.0 * SECOND),
    ("4 h", 14_400.0 * SECOND),
];

fn main() {
    let rules = [
        Rule::new("every second", |_, _| SECOND),
        Rule::new("every 5 s", |_, _| FLOOR),
        Rule::new("1 s until 10 s, 10 s until 1 min, then 1 min", steps),
        Rule::new("a tenth of the age, 5 s to 30 s", |age, _| (age * 0.1).clamp(FLOOR, 30_000.0)),
        Rule::new("this client", ours),
        Rule { history: 3, ..Rule::new("this client, 3 earlier runs", ours) },
        Rule { history: 10, ..Rule::new("this client, 10 earlier runs", ours) },
    ];
    let frontiers = MIXES.map(|mix| frontier(&mix));

    println!("Questions for one run, seconds until its end is noticed, and how many times the");
    println!("questions that the optimum needs for that delay (– where it cannot be as quick,");
    println!("as it keeps to 5 s). {RUNS} log-normal runs each; all with the same jitter.\n");
    row("rule", MIXES.iter().map(|mix| format!("median {} s, sigma {}", mix.median, mix.sigma)));
    line(MIXES.len());
    for rule in &rules {
        let cells = MIXES.iter().zip(&frontiers).map(|(mix, frontier)| {
            let cost = average(rule, RUNS, |chance| mix.draw(chance));
            let ratio = at_delay(frontier, cost.delay)
                .map_or("–".to_owned(), |best| format!("{:.2}", cost.asked / best));
            format!("{cost}, {ratio} ×")
        });
        row(rule.name, cells);
    }

    println!("\nThe same for runs of one length.\n");
    row("rule", LENGTHS.iter().map(|(name, _)| (*name).to_owned()));
    line(LENGTHS.len());
    for rule in &rules {
        row(rule.name, LENGTHS.map(|(_, length)| average(rule, 400, |_| length).to_string()));
    }

    println!("\nQuestions that the optimum needs for a delay.\n");
    let delays = [3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0];
    row("mix", delays.iter().map(|delay| format!("{delay} s")));
    line(delays.len());
    for (mix, frontier) in MIXES.iter().zip(&frontiers) {
        let best = delays.map(|delay| at_delay(frontier, delay));
        let cells = best.map(|best| best.map_or("–".to_owned(), |best| format!("{best:.1}")));
        row(&format!("median {} s, sigma {}", mix.median, mix.sigma), cells);
    }
}

/// How long to wait at an age.
struct Rule<'a> {
    name: &'a str,
    wait: fn(Millis, Option<&Forecast>) -> Millis,
    /// How many earlier runs it has noticed the end of.
    history: usize,
}

impl<'a> Rule<'a> {
    fn new(name: &'a str, wait: fn(Millis, Option<&Forecast>) -> Millis) -> Self {
        Self { name, wait, history: 0 }
    }
}

fn ours(age: Millis, forecast: Option<&Forecast>) -> Millis {
    Cadence::default().delay(age, 0.0, forecast)
}

/// What another client does.
fn steps(age: Millis, _: Option<&Forecast>) -> Millis {
    match age {
        ..10_000.0 => SECOND,
        ..60_000.0 => 10.0 * SECOND,
        _ => 60.0 * SECOND,
    }
}

/// The cost of one run, or the mean of many.
struct Cost {
    asked: f64,
    /// In seconds.
    delay: f64,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.1} / {:.1} s", self.asked, self.delay)
    }
}

/// Follows runs by a rule, whose history is of runs that it has followed itself: of each it knows
/// when it noticed the end, not when that was.
fn average(rule: &Rule, count: usize, draw: impl Fn(&mut Chance) -> Millis) -> Cost {
    let mut chance = Chance(1);
    let mut sum = Cost { asked: 0.0, delay: 0.0 };
    let mut forecast = None;
    for number in 0..count {
        if number % RUNS_PER_HISTORY == 0 {
            forecast = history(rule, &draw, &mut chance);
        }
        let length = draw(&mut chance);
        let cost = follow(length, &mut chance, |age| (rule.wait)(age, forecast.as_ref()));
        sum = Cost { asked: sum.asked + cost.asked, delay: sum.delay + cost.delay };
    }
    Cost { asked: sum.asked / count as f64, delay: sum.delay / count as f64 }
}

fn history(
    rule: &Rule,
    draw: impl Fn(&mut Chance) -> Millis,
    chance: &mut Chance,
) -> Option<Forecast> {
    let mut runs = Vec::new();
    for _ in 0..rule.history {
        let forecast = Forecast::new(&runs);
        let length = draw(chance);
        let cost = follow(length, chance, |age| (rule.wait)(age, forecast.as_ref()));
        Forecast::remember(&mut runs, length + cost.delay * SECOND);
    }
    Forecast::new(&runs)
}

/// The first question at once, then as the rule says, each wait with its jitter.
fn follow(length: Millis, chance: &mut Chance, wait: impl Fn(Millis) -> Millis) -> Cost {
    let (mut now, mut asked) = (0.0, 1.0);
    while now < length {
        now += wait(now) * (1.0 + 0.1 * chance.next());
        asked += 1.0;
    }
    Cost { asked, delay: (now - length) / SECOND }
}

/// A log-normal distribution; times in seconds.
#[derive(Clone, Copy)]
struct Mix {
    median: f64,
    sigma: f64,
    /// No run is as long.
    end: f64,
}

impl Mix {
    const fn new(median: f64, sigma: f64, end: f64) -> Self {
        Self { median, sigma, end }
    }

    fn draw(&self, chance: &mut Chance) -> Millis {
        self.median * (self.sigma * chance.normal()).exp().min(self.end / self.median) * SECOND
    }

    /// The chance that a run of this age ends within the next second.
    fn hazard(&self, age: f64) -> f64 {
        let z = (age / self.median).ln() / self.sigma;
        let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
        density / (self.sigma * age * 0.5 * erfc(z / std::f64::consts::SQRT_2))
    }
}

/// What the optimum costs, from quick to slow, by how many questions a second of delay is worth.
///
/// It spaces its questions by `sqrt(2 / (worth · hazard))`, looking ahead: from one to the next the
/// density of questions sums up to one. Never below 5 s, as nobody may ask more often.
fn frontier(mix: &Mix) -> Vec<Cost> {
    const STEP: f64 = 0.25;
    let mut summed = vec![0.0];
    for step in 0..(1.05 * mix.end / STEP) as usize {
        summed.push(summed[step] + STEP * (mix.hazard((step as f64 + 0.5) * STEP) / 2.0).sqrt());
    }
    let worths = (0..44).rev().map(|power| 0.05 * 1.2f64.powi(power));
    worths
        .map(|worth: f64| {
            let (mut chance, mut sum) = (Chance(1), Cost { asked: 0.0, delay: 0.0 });
            for _ in 0..RUNS {
                let length = mix.draw(&mut chance);
                let cost = follow(length, &mut chance, |age| {
                    let place = age / SECOND / STEP;
                    let here = summed[place as usize];
                    let next = summed.partition_point(|sum| *sum < here + worth.sqrt().recip());
                    ((next as f64 - place) * STEP * SECOND).max(FLOOR)
                });
                sum = Cost { asked: sum.asked + cost.asked, delay: sum.delay + cost.delay };
            }
            Cost { asked: sum.asked / RUNS as f64, delay: sum.delay / RUNS as f64 }
        })
        .collect()
}

/// The questions that the optimum needs for a delay in seconds.
fn at_delay(frontier: &[Cost], delay: f64) -> Option<f64> {
    let pair = frontier.windows(2).find(|pair| (pair[0].delay..pair[1].delay).contains(&delay))?;
    let part = (delay - pair[0].delay) / (pair[1].delay - pair[0].delay);
    Some(pair[0].asked + part * (pair[1].asked - pair[0].asked))
}

/// The complementary error function, to seven digits of its value (Numerical Recipes, `erfcc`).
fn erfc(x: f64) -> f64 {
    const TERMS: [f64; 10] = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_87,
        -1.135_203_98,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_68,
        -1.265_512_23,
    ];
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let series = TERMS.iter().fold(0.0, |sum, term| sum * t + term);
    let value = t * (series - x * x).exp();
    if x < 0.0 { 2.0 - value } else { value }
}

/// Pseudo-random numbers (SplitMix64), the same each time.
struct Chance(u64);

impl Chance {
    /// From 0 to 1, neither included.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.next().ln()).sqrt() * (std::f64::consts::TAU * self.next()).cos()
    }
}

fn row(name: &str, cells: impl IntoIterator<Item = String>) {
    println!("| {name} | {} |", cells.into_iter().collect::<Vec<_>>().join(" | "));
}

fn line(cells: usize) {
    println!("| --- |{}", " --- |".repeat(cells));
}
