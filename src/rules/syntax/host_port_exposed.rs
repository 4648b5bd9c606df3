//! `EXPOSE 8080:80`: see `rules/syntax/host-port-exposed.md`.

use super::ports::ports;
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("syntax" / "host-port-exposed", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for port in ports(cx) {
        let Some((_, own)) = port.text.rsplit_once(':') else { continue };
        let message = format!("`{}` names an address or port of the host", port.text);
        let mut finding = Finding::new(RULE.name, cx.at(port.word.span), message)
            .note("`EXPOSE` only says which ports the container listens on; what they are on the host is told when it is run.");
        if port.text == port.word.text && own.starts_with(|it: char| it.is_ascii_digit()) {
            finding.fix = cx.fix(format!("Write `{own}`"), Safety::Safe, [Edit::replace(port.word.span, own)]);
        }
        out.push(finding);
    }
}
