//! Ports that do not exist: see `rules/syntax/invalid-port.md`.

use super::ports::ports;
use crate::{
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "invalid-port", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for port in ports(cx) {
        let range = port.text.split('/').next().unwrap_or_default();
        let range = range.rsplit(':').next().unwrap_or_default();
        let too_big =
            |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()) && it.parse::<u16>().is_err();
        if let Some(number) = range.split('-').find(|it| too_big(it)) {
            let message = format!("there is no port {number}");
            out.push(Finding::new(RULE.name, cx.at(port.word.span), message).note("The highest one is 65535."));
        }
    }
}
