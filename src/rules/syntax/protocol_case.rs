//! `EXPOSE 80/TCP`: see `rules/syntax/protocol-case.md`.

use super::ports::ports;
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "protocol-case", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for port in ports(cx) {
        let Some((number, protocol)) = port.text.split_once('/') else { continue };
        let lower = protocol.to_lowercase();
        if protocol == lower || !matches!(lower.as_str(), "tcp" | "udp" | "sctp") {
            continue;
        }
        let message = format!("the protocol of `{}` has capital letters", port.text);
        let mut finding = Finding::new(RULE.name, cx.at(port.word.span), message)
            .note("Tools that read the image's configuration compare the lower-case name.");
        if port.text == port.word.text {
            let text = format!("{number}/{lower}");
            finding.fix = cx.fix(format!("Write `{text}`"), Safety::Safe, [Edit::replace(port.word.span, text)]);
        }
        out.push(finding);
    }
}
