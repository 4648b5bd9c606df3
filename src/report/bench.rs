//! What builds took before and after: a table, JSON, a picture.

#![expect(clippy::cast_precision_loss, reason = "nobody counts seconds and bytes to the last figure")]

use std::fmt::Write as _;

use super::xml::escaped;
use crate::{
    bench::{Figures, Measurement, median},
    context::bytes,
    names::counted,
};

/// As JSON.
pub fn json(measurement: &Measurement) -> String {
    let text = serde_json::to_string_pretty(measurement).unwrap_or_default();
    text + "\n"
}

/// As a table in Markdown, for people and for documents.
pub fn table(it: &Measurement) -> String {
    let mut head = vec!["image".to_owned(), "built".to_owned()];
    head.extend(it.scenarios.iter().cloned());
    head.extend(["context".to_owned(), "image size".to_owned()]);
    let mut rows = Vec::new();
    let scenarios = 0..it.scenarios.len();
    if !it.at_once {
        for image in &it.images {
            let mut name = Some(image.name.clone());
            for (variant, figures) in it.variants.iter().zip(&image.variants) {
                let Some(figures) = figures else { continue };
                let mut row = vec![name.take().unwrap_or_default(), variant.clone()];
                row.extend(scenarios.clone().map(|at| seconds(figures.seconds.get(at).map(Vec::as_slice))));
                row.extend([size(figures.context_bytes), size(figures.image_bytes)]);
                rows.push(row);
            }
        }
    }
    let mut name = Some(if it.at_once { "**all at once**" } else { "**all, one after the other**" }.to_owned());
    for (at, variant) in it.variants.iter().enumerate() {
        let mut row = vec![name.take().unwrap_or_default(), variant.clone()];
        row.extend(scenarios.clone().map(|scenario| seconds(it.total[at].get(scenario).map(Vec::as_slice))));
        let sum = |get: fn(&Figures) -> Option<u64>| {
            let figures = it.images.iter().filter_map(|it| it.variants[at].as_ref());
            // A folder that a fix makes is not there to be measured, and has next to nothing in it.
            size(figures.map(get).fold(None, |sum, it| it.map_or(sum, |it| Some(sum.unwrap_or(0) + it))))
        };
        row.extend([sum(|it| it.context_bytes), sum(|it| it.image_bytes)]);
        rows.push(row);
    }
    let mut name = Some("**times as fast**".to_owned());
    for (at, variant) in it.variants.iter().enumerate().skip(1) {
        let mut row = vec![name.take().unwrap_or_default(), variant.clone()];
        row.extend(scenarios.clone().map(|scenario| ratio(it, at, scenario).map_or_else(dash, plain)));
        row.extend([String::new(), String::new()]);
        rows.push(row);
    }
    let mut out = String::new();
    markdown(&head, &rows, &mut out);
    let machine = &it.machine;
    let runs = if it.runs == 1 { "one run".to_owned() } else { format!("the medians of {} runs", it.runs) };
    let _ = writeln!(
        out,
        "\nSeconds, {runs}; Docker {}, buildx {}, {}.",
        machine.docker,
        machine.buildx,
        counted(machine.processors, "processor")
    );
    out
}

/// How many times as fast a variant is as the first.
fn ratio(it: &Measurement, variant: usize, scenario: usize) -> Option<f64> {
    let of = |variant: usize| median(it.total[variant].get(scenario)?);
    Some(of(0)? / of(variant)?.max(f64::MIN_POSITIVE))
}

/// A figure with three digits that matter.
fn plain(figure: f64) -> String {
    if figure >= 100.0 {
        format!("{figure:.0}")
    } else if figure >= 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.2}")
    }
}

fn seconds(runs: Option<&[f64]>) -> String {
    runs.and_then(median).map_or_else(dash, |it| if it < 10.0 { format!("{it:.1}") } else { format!("{it:.0}") })
}

fn size(count: Option<u64>) -> String {
    count.map_or_else(dash, bytes)
}

fn dash() -> String {
    "–".to_owned()
}

fn markdown(head: &[String], rows: &[Vec<String>], out: &mut String) {
    let length = |it: &String| it.chars().count();
    let width = |column: usize| rows.iter().chain([&head.to_vec()]).map(|it| length(&it[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut line = |cells: &[String]| {
        for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let fill = " ".repeat(width.saturating_sub(length(cell)));
            let _ = if at < 2 { write!(out, "| {cell}{fill} ") } else { write!(out, "| {fill}{cell} ") };
        }
        out.push_str("|\n");
    };
    line(head);
    let rule: Vec<String> = widths
        .iter()
        .enumerate()
        .map(
            |(at, width)| if at < 2 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width.saturating_sub(1))) },
        )
        .collect();
    line(&rule);
    for row in rows {
        line(row);
    }
}

/// As a picture: a bar for each variant, in a group for each scenario.
pub fn svg(it: &Measurement) -> String {
    const WIDTH: f64 = 900.0;
    const LEFT: f64 = 170.0;
    const BAR: f64 = 22.0;
    const GAP: f64 = 6.0;
    const HEAD: f64 = 64.0;
    const GROUP: f64 = 34.0;
    const COLORS: [&str; 3] = ["#b0b7bf", "#6ea8dc", "#2f6fb0"];
    let of = |variant: usize, scenario: usize| it.total[variant].get(scenario).and_then(|it| median(it));
    let count = it.variants.len();
    let group = GROUP + count as f64 * (BAR + GAP);
    let height = HEAD + it.scenarios.len() as f64 * group + 16.0;
    let all = (0..count).flat_map(|variant| (0..it.scenarios.len()).filter_map(move |at| of(variant, at)));
    let longest = all.fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - LEFT - 150.0) / longest;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let mut text = |x: f64, y: f64, style: &str, text: &str| {
        let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{}</text>", escaped(text));
    };
    let how = if it.at_once { "at once" } else { "one after the other" };
    let title = format!("Building {} {how}", counted(it.images.len(), "image"));
    text(20.0, 30.0, "font-size=\"18\" font-weight=\"600\" fill=\"#1a1a1a\"", &title);
    let machine = format!(
        "seconds; Docker {}, buildx {}, {}",
        it.machine.docker,
        it.machine.buildx,
        counted(it.machine.processors, "processor")
    );
    text(20.0, 50.0, "font-size=\"13\" fill=\"#444444\"", &machine);
    let mut bars = String::new();
    for (at, scenario) in it.scenarios.iter().enumerate() {
        let top = HEAD + at as f64 * group;
        text(20.0, top + 20.0, "font-size=\"14\" font-weight=\"600\" fill=\"#1a1a1a\"", scenario);
        for (variant, name) in it.variants.iter().enumerate() {
            let y = top + GROUP - 4.0 + variant as f64 * (BAR + GAP);
            let baseline = y + BAR - 6.0;
            text(LEFT - 10.0, baseline, "font-size=\"12\" text-anchor=\"end\" fill=\"#444444\"", name);
            let Some(time) = of(variant, at) else { continue };
            let length = (time * scale).max(1.0);
            let color = COLORS[variant.min(COLORS.len() - 1)];
            let _ = writeln!(
                bars,
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{color}\"/>"
            );
            let mut label = format!("{} s", seconds(Some(&[time])));
            if let Some(ratio) = ratio(it, variant, at).filter(|_| variant > 0) {
                let _ = write!(label, ", {} times as fast", plain(ratio));
            }
            text(LEFT + length + 8.0, baseline, "font-size=\"12\" fill=\"#1a1a1a\"", &label);
        }
    }
    out.push_str(&bars);
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Machine, Measured};

    fn measurement() -> Measurement {
        let figures = |cold: f64, warm: f64| {
            let seconds = vec![vec![cold], vec![warm]];
            Some(Figures { context_bytes: Some(2_000_000), image_bytes: Some(90_000_000), seconds, tag: None })
        };
        let variants = vec![figures(100.0, 50.0), figures(40.0, 0.25)];
        Measurement {
            machine: Machine { docker: "26.1.5".into(), buildx: "0.13.1".into(), processors: 2 },
            at_once: false,
            runs: 1,
            variants: vec!["before".into(), "fix".into()],
            scenarios: vec!["cold".into(), "a line of code".into()],
            images: vec![Measured { name: "api<1>".into(), dockerfile: "Dockerfile".into(), variants }],
            total: vec![vec![vec![100.0], vec![50.0]], vec![vec![40.0], vec![0.25]]],
        }
    }

    #[test]
    fn the_table_has_ratios() {
        let text = table(&measurement());
        let row = |start: &str| text.lines().find(|it| it.starts_with(start)).unwrap_or_default().to_owned();
        let cells =
            |row: String| row.split('|').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect::<Vec<_>>();
        assert_eq!(cells(row("| image")), ["image", "built", "cold", "a line of code", "context", "image size"]);
        assert_eq!(cells(row("| api<1>")), ["api<1>", "before", "100", "50", "2.00 MB", "90.0 MB"]);
        assert_eq!(cells(row("| **times as fast**")), ["**times as fast**", "fix", "2.50", "200"]);
        let lengths: Vec<usize> =
            text.lines().take_while(|it| it.starts_with('|')).map(|it| it.chars().count()).collect();
        assert!(lengths.windows(2).all(|it| it[0] == it[1]), "{text}");
    }

    #[test]
    fn the_picture_is_xml() {
        let text = svg(&measurement());
        let document = roxmltree::Document::parse(&text).unwrap();
        let bars = document.descendants().filter(|it| it.has_tag_name("rect")).count();
        assert_eq!(bars, 5);
        assert!(text.contains("200 times as fast"));
    }
}
