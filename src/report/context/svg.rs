//! A picture: a treemap of the context, in which the size of an area is that of a file.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels are not counted to the last figure, and none are negative"
)]

use std::fmt::Write as _;

use super::{bytes, many, title};
use crate::{
    context::{Size, Status},
    measure::Measured,
    project::{EntryKind, Project},
};

const WIDTH: f64 = 1200.0;
const MAP: f64 = 640.0;
const HEAD: f64 = 64.0;
const GAP: f64 = 24.0;
/// Areas with a side below this are not drawn by themselves.
const LEAST_SIDE: f64 = 4.0;
/// The height of a folder's label.
const LABEL: f64 = 16.0;

/// The builds below one another; builds that send the same have one picture.
pub fn report(project: &Project, builds: &[Measured]) -> String {
    let mut groups: Vec<(Vec<String>, &Measured)> = Vec::new();
    for build in builds {
        let same = groups.iter_mut().find(|(_, it)| {
            std::ptr::eq(&raw const *it.tree, &raw const *build.tree)
                && it.sent.status == build.sent.status
                && unneeded(it) == unneeded(build)
        });
        match same {
            Some((titles, _)) => {
                let title = title(project, build);
                if !titles.contains(&title) {
                    titles.push(title);
                }
            }
            None => groups.push((vec![title(project, build)], build)),
        }
    }
    let height = groups.len() as f64 * (HEAD + MAP + GAP) + GAP;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\">"
    );
    out.push_str(
        "<defs><pattern id=\"unused\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect width=\"8\" height=\"8\" fill=\"#f6b26b\"/><rect width=\"3\" height=\"8\" \
         fill=\"#e69138\"/></pattern></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
    );
    let mut top = GAP;
    for (titles, build) in groups {
        picture(&titles, build, top, &mut out);
        top += HEAD + MAP + GAP;
    }
    out.push_str("</svg>\n");
    out
}

/// For each entry, whether nothing needs it.
fn unneeded(build: &Measured) -> Vec<bool> {
    build.sent.set.iter().map(|it| *it == 0).collect()
}

fn picture(titles: &[String], build: &Measured, top: f64, out: &mut String) {
    const MOST_TITLES: usize = 4;
    let sums = build.tree.sums(|_, _| true);
    let more = titles.len().saturating_sub(MOST_TITLES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let heading = format!("{}{more}", titles[..titles.len().min(MOST_TITLES)].join(", "));
    let size = |it: Size| format!("{} in {}", bytes(it.bytes), many(it.files, "file"));
    let (sent, rest) = (build.sent.sent, build.sent.not_ignored);
    let mut line = format!("context {}: sends {}", build.folder, size(sent));
    if rest != sent {
        let _ = write!(line, "; not ignored are {}", size(rest));
    }
    let _ = writeln!(
        out,
        "<text x=\"{GAP}\" y=\"{}\" font-size=\"18\" font-weight=\"600\" fill=\"#1a1a1a\">{}</text>",
        top + 16.0,
        escaped(&fitting(&heading, WIDTH - 2.0 * GAP, 18.0))
    );
    let _ = writeln!(
        out,
        "<text x=\"{GAP}\" y=\"{}\" font-size=\"13\" fill=\"#444444\">{}</text>",
        top + 36.0,
        escaped(&fitting(&line, WIDTH - 2.0 * GAP, 13.0))
    );
    legend(top + 44.0, out);
    let area = Area { x: GAP, y: top + HEAD, width: WIDTH - 2.0 * GAP, height: MAP };
    let map = Map { build, sums: &sums };
    map.folder(0, area, 0, out);
}

fn legend(top: f64, out: &mut String) {
    let entries = [("#8fb8de", "sent and needed"), ("url(#unused)", "nothing needs it"), ("#d9d9d9", "ignored")];
    for (number, (fill, text)) in entries.into_iter().enumerate() {
        let left = GAP + number as f64 * 160.0;
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"14\" height=\"12\" fill=\"{fill}\" stroke=\"#666666\" \
             stroke-width=\"0.5\"/><text x=\"{}\" y=\"{}\" font-size=\"12\" fill=\"#444444\">{text}</text>",
            left + 20.0,
            top + 10.5
        );
    }
}

#[derive(Clone, Copy)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

struct Map<'a> {
    build: &'a Measured,
    sums: &'a [Size],
}

impl Map<'_> {
    /// Draws a folder: its label, and what it holds.
    fn folder(&self, at: u32, area: Area, depth: usize, out: &mut String) {
        let tree = &self.build.tree;
        let mut children: Vec<(u32, f64)> = tree
            .children(at)
            .map(|(it, _)| (it, self.sums[it as usize].bytes as f64))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        children.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for (child, area) in squarified(&children, area) {
            if area.width < LEAST_SIDE || area.height < LEAST_SIDE {
                continue;
            }
            let node = &tree.nodes[child as usize];
            let is_open = node.kind == EntryKind::Folder && !node.children.is_empty();
            self.rectangle(child, area, is_open, depth, out);
            if is_open {
                let label = if area.height > 2.5 * LABEL && area.width > 40.0 { LABEL } else { 1.5 };
                let inner = Area {
                    x: area.x + 1.5,
                    y: area.y + label,
                    width: area.width - 3.0,
                    height: area.height - label - 1.5,
                };
                self.folder(child, inner, depth + 1, out);
            }
        }
    }

    fn rectangle(&self, at: u32, area: Area, is_open: bool, depth: usize, out: &mut String) {
        let node = &self.build.tree.nodes[at as usize];
        let status = self.build.sent.status[at as usize];
        let is_needed = self.build.dockerfile.is_none() || !self.build.sent.needed_by(at).is_empty();
        let fill = match (status, is_needed) {
            (Status::Ignored, _) => "#d9d9d9",
            (Status::Sent | Status::Unused, false) => "url(#unused)",
            (Status::Sent | Status::Unused, true) if is_open && depth == 0 => "#cfe2f3",
            (Status::Sent | Status::Unused, true) if is_open => "#dfebf7",
            (Status::Sent | Status::Unused, true) => "#8fb8de",
        };
        let size = bytes(self.sums[at as usize].bytes);
        let path = self.build.tree.path(at);
        let Area { x, y, width, height } = area;
        let _ = write!(
            out,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{fill}\" stroke=\"#ffffff\" stroke-width=\"1\"/>",
            escaped(&format!("{path}: {size}"))
        );
        if width > 40.0 && height > LABEL - 2.0 && (!is_open || height > 2.5 * LABEL) {
            let text = format!("{} {size}", node.name);
            let label = fitting(&text, width - 8.0, 11.0);
            let label = if label == text { text } else { fitting(&node.name, width - 8.0, 11.0) };
            let _ = write!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\" fill=\"#1a1a1a\" stroke=\"#ffffff\" stroke-width=\"2.5\" \
                 stroke-opacity=\"0.6\" paint-order=\"stroke\">{}</text>",
                x + 4.0,
                y + 12.0,
                escaped(&label)
            );
        }
        out.push_str("</g>\n");
    }
}

/// Divides an area among entries that are sorted by weight, the biggest first, so that the parts are close to squares
/// (Bruls, Huizing and van Wijk).
fn squarified(entries: &[(u32, f64)], mut area: Area) -> Vec<(u32, Area)> {
    let mut whole: f64 = entries.iter().map(|it| it.1).sum();
    let mut parts = Vec::with_capacity(entries.len());
    let mut rest = entries;
    while !rest.is_empty() && area.width > 0.0 && area.height > 0.0 {
        let side = area.width.min(area.height);
        let scale = area.width * area.height / whole;
        let worst = |row: &[(u32, f64)]| {
            let sum: f64 = row.iter().map(|it| it.1 * scale).sum();
            let thickness = sum / side;
            row.iter()
                .map(|it| it.1 * scale / thickness)
                .map(|it| (it / thickness).max(thickness / it))
                .fold(0.0, f64::max)
        };
        let mut count = 1;
        while count < rest.len() && worst(&rest[..=count]) <= worst(&rest[..count]) {
            count += 1;
        }
        let (row, later) = rest.split_at(count);
        let sum: f64 = row.iter().map(|it| it.1).sum();
        let thickness = sum * scale / side;
        let mut done = 0.0;
        for (at, weight) in row {
            let length = weight / sum * side;
            parts.push((
                *at,
                if area.width < area.height {
                    Area { x: area.x + done, y: area.y, width: length, height: thickness }
                } else {
                    Area { x: area.x, y: area.y + done, width: thickness, height: length }
                },
            ));
            done += length;
        }
        if area.width < area.height {
            area.y += thickness;
            area.height -= thickness;
        } else {
            area.x += thickness;
            area.width -= thickness;
        }
        whole -= sum;
        rest = later;
    }
    parts
}

/// The beginning of a text that fits into a width.
fn fitting(text: &str, width: f64, size: f64) -> String {
    // Wide letters of the widest usual fonts.
    let most = (width / (size * 0.64)) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
