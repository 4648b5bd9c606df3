//! `useradd` with a high number: see `rules/size/sparse-user-log.md`.

use crate::rules::commands::{Call, calls};
use crate::{
    edit::{Edit, Safety},
    finding::Finding,
    rule::{Check, FileCx, Rule},
};

pub(super) static RULE: Rule = crate::rule!("size" / "sparse-user-log", Check::File(check));

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for call in calls(cx, &["useradd"]) {
        let Some(uid) = uid(&call).filter(|_| !call.has_flag(&["l", "no-log-init"])) else { continue };
        let message = format!("the log of last logins grows up to user {uid}");
        let mut finding = Finding::new(RULE.name, cx.at(call.head(&[])), message)
            .note("`useradd` writes an entry for each number below. The file has holes, which images do not: they hold gigabytes of zeros.");
        if !call.is_plain() || !call.has("-u") {
            finding = finding.only_as(&[]);
        }
        if let Some(word) = call.it.words.first() {
            let edit = Edit::insert(word.span.end as usize, " -l");
            finding.fix = cx.fix("Add `-l`", Safety::Safe, [edit]);
        }
        out.push(finding);
    }
}

/// The number of the user, if it is high.
fn uid(call: &Call<'_>) -> Option<String> {
    const HIGH: usize = 6;
    let args: Vec<_> = call.args().collect();
    let value = |it: &str, at: usize| match it {
        "-u" | "--uid" => args.get(at + 1).map(ToString::to_string),
        _ => it.strip_prefix("--uid=").map(str::to_owned),
    };
    let uid = args.iter().enumerate().find_map(|(at, it)| value(it, at))?;
    let is_number = uid.bytes().all(|it| it.is_ascii_digit());
    (uid.len() >= HIGH && is_number).then_some(uid)
}
