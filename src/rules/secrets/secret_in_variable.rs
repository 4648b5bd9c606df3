//! Secrets in `ARG` and `ENV`: see `rules/secrets/secret-in-variable.md`.

use crate::{
    finding::Finding,
    model::{Value, expand, variables},
    rule::{Check, FileCx, Rule},
    syntax::{Args, Instruction, Keyword, Word},
};

pub(super) static RULE: Rule = crate::rule!("secrets" / "secret-in-variable", Check::File(check));

/// Words between underscores that tell a secret.
const SECRET: &[&str] =
    &["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];
/// Words beside them that tell that it is none.
const PUBLIC: &[&str] = &["public", "file", "version"];
/// Words before `key` without which the key is as likely a public one.
const SECRET_KEYS: &[&str] = &["api", "access", "secret", "private", "encryption", "signing", "ssh", "license"];
/// Values of switches.
const SWITCHES: &[&str] = &["yes", "no", "true", "false", "on", "off", "0", "1"];
/// Parts of names that hadolint takes for secrets.
const PARTS: &[&str] =
    &["api_key", "client_key", "password", "private", "secret", "token", "username", "aws_access_key_id"];

fn check(cx: &FileCx<'_>, out: &mut Vec<Finding>) {
    for instruction in cx.instructions() {
        let inner = match &instruction.args {
            Args::Onbuild(inner) => inner,
            _ => instruction,
        };
        names(inner, |name, value| out.extend(finding(cx, instruction, inner.kind, name, value)));
    }
}

/// The variables that an instruction sets, with their values.
fn names<'a>(it: &'a Instruction, mut each: impl FnMut(&'a Word, Option<&'a str>)) {
    match (it.kind, &it.args) {
        (Keyword::Arg, Args::Words(words)) => {
            for word in words {
                each(word, word.text.split_once('=').map(|(_, value)| value));
            }
        }
        (Keyword::Env, Args::Pairs(pairs)) => {
            for pair in pairs {
                each(&pair.key, Some(&pair.value.text));
            }
        }
        _ => {}
    }
}

fn finding(cx: &FileCx<'_>, outer: &Instruction, kind: Keyword, word: &Word, value: Option<&str>) -> Option<Finding> {
    let name = word.text.split('=').next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| lower.split('_').any(|it| words.contains(&it));
    // BuildKit looks neither at arguments before the first stage nor into `ONBUILD`.
    let buildkit = has(SECRET) && !has(PUBLIC) && outer.stage.is_some() && outer.kind == kind;
    let hadolint = PARTS.iter().any(|it| lower.contains(it));
    let codes: &[&str] = match (buildkit, hadolint) {
        (true, true) => &["buildkit/SecretsUsedInArgOrEnv", "hadolint/DL3064"],
        (true, false) => &["buildkit/SecretsUsedInArgOrEnv"],
        (false, true) => &["hadolint/DL3064"],
        (false, false) => return None,
    };
    let (place, who) = if outer.stage.is_none_or(|it| cx.is_shipped(it)) {
        ("image", "Whoever has the image can read it, and the build cache keeps it.")
    } else {
        ("build cache", "Whoever gets at the cache, or at an attestation that names the arguments, can read it.")
    };
    let message = format!("`{kind} {name}` leaves a secret in the {place}");
    let finding = Finding::new(RULE.name, cx.at(word.span), message)
        .only_as(codes)
        .note(format!("{who} A secret mount hands it to one command: `RUN --mount=type=secret,id=…`."));
    // Where a secret will lie is none.
    let is_path = value.is_some_and(is_path);
    let is_empty = value.is_some_and(|it| it.trim_matches(['"', '\'']).is_empty() || is_unset(cx, outer, it));
    // Of an argument that is made a variable only the latter is told.
    let is_told_there = kind == Keyword::Arg && is_made_variable(cx, outer, name);
    // `USE_TOKEN` and `AUTH_ENABLED` are switches.
    let is_switch = has(&["use", "enable", "enabled", "disable", "disabled", "allow"])
        || value.is_some_and(|it| SWITCHES.contains(&it.trim_matches(['"', '\'']).to_ascii_lowercase().as_str()));
    let is_last = lower.rsplit('_').next().is_some_and(|it| SECRET.contains(&it) && it != "auth");
    let only_key = has(&["key"]) && !has(SECRET_KEYS) && !has(&["auth", "password", "secret", "token"]);
    Some(if !buildkit || is_empty || is_told_there || is_path || only_key || is_switch || !is_last {
        finding.for_parity()
    } else {
        finding
    })
}

/// Whether nothing that a value consists of is set where it stands: arguments from before the first `FROM` hold nothing
/// in a stage that does not declare them.
fn is_unset(cx: &FileCx<'_>, instruction: &Instruction, value: &str) -> bool {
    let steps = instruction.stage.and_then(|it| cx.model.stages.get(it)).map_or(&[][..], |it| &it.steps);
    let Some(step) = steps.iter().find(|it| cx.model.instruction(it).span == instruction.span) else { return false };
    let lookup = |name: &str| {
        if step.before.variables.contains_key(name) { Value::Unknown } else { Value::Unset }
    };
    value.contains('$') && expand(value, cx.unit.syntax.escape, &lookup).is_some_and(|it| it.is_empty())
}

/// Whether an `ENV` of the same stage has the name of an argument, and its value.
fn is_made_variable(cx: &FileCx<'_>, argument: &Instruction, name: &str) -> bool {
    let of_stage = |it: &&Instruction| it.stage == argument.stage && it.span.start > argument.span.start;
    cx.all(Keyword::Env).filter(of_stage).any(|it| match &it.args {
        Args::Pairs(pairs) => pairs
            .iter()
            .any(|it| it.key.text == name && variables(&it.value.text, cx.unit.syntax.escape).contains(&name)),
        _ => false,
    })
}

/// Whether a value is the place of a file: from the root, with a folder in it, and with no other characters than paths
/// have.
fn is_path(value: &str) -> bool {
    let path = value.trim_matches(['"', '\'']);
    let mut parts = path.split('/').skip(1);
    let is_part = |it: &str| {
        !it.is_empty() && it.len() < 32 && it.chars().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it))
    };
    path.starts_with('/') && path.matches('/').count() > 1 && parts.all(is_part)
}
