//! The examples on the rules' pages, run as tests; `UPDATE=1 cargo test` refreshes the reports that they show.

mod page;
mod run;

use std::{collections::BTreeSet, env, fs, path::PathBuf, process::ExitCode};

use dockopt::{rule::Rule, rules, shellcheck};
use libtest_mimic::{Arguments, Failed, Trial};
use page::Page;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let mut trials = vec![
        Trial::test("names are unique", names_are_unique),
        Trial::test("every page belongs to a rule", every_page_belongs_to_a_rule),
    ];
    for rule in rules::all() {
        trials.extend(trials_of(rule));
    }
    libtest_mimic::run(&args, trials).exit_code()
}

/// The tests of one page, each named by its line.
fn trials_of(rule: &'static Rule) -> Vec<Trial> {
    let path = pages_folder().join(rule.family).join(format!("{}.md", rule.name));
    let shown = format!("rules/{}/{}.md", rule.family, rule.name);
    // Read, not embedded: an update changes the page while the tests run.
    let mut text = fs::read_to_string(&path).unwrap_or_else(|_| rule.page.to_owned());
    // Without the answers of ShellCheck there is nothing to find.
    let has_answers = rule.name != rules::SHELL_MISTAKE.name || shellcheck::IS_INSIDE;
    if has_answers && env::var_os("UPDATE").is_some() {
        let updated = run::with_reports(rule, &text);
        if updated != text {
            fs::write(&path, &updated).expect("the page can be written");
            text = updated;
        }
    }
    let page = match Page::parse(&text) {
        Ok(page) => page,
        Err(problem) => return vec![Trial::test(shown, move || Err(Failed::from(problem)))],
    };
    if !has_answers {
        return Vec::new();
    }
    let examples: Vec<_> = page
        .examples
        .iter()
        .map(|example| {
            let example = example.clone();
            Trial::test(format!("{shown}:{}", example.line), move || run::example(rule, &example).map_err(Failed::from))
        })
        .collect();
    let unlike = page.unlike.iter().map(|it| {
        let it = it.clone();
        Trial::test(format!("{shown}:{}", it.line), move || run::unlike(rule, &it).map_err(Failed::from))
    });
    let examples: Vec<_> = examples.into_iter().chain(unlike.collect::<Vec<_>>()).collect();
    let whole = Trial::test(shown, move || run::whole(rule, &text, &page).map_err(Failed::from));
    std::iter::once(whole).chain(examples).collect()
}

fn names_are_unique() -> Result<(), Failed> {
    let mut seen = BTreeSet::new();
    let families: BTreeSet<_> = rules::all().map(|it| it.family).collect();
    for rule in rules::all() {
        if !seen.insert(rule.name) || families.contains(rule.name) {
            return Err(format!("the name `{}` means two things", rule.name).into());
        }
    }
    Ok(())
}

fn every_page_belongs_to_a_rule() -> Result<(), Failed> {
    let known: BTreeSet<_> =
        rules::all().map(|it| pages_folder().join(it.family).join(format!("{}.md", it.name))).collect();
    for folder in fs::read_dir(pages_folder())?.flatten().filter(|it| it.path().is_dir()) {
        for file in fs::read_dir(folder.path())?.flatten().map(|it| it.path()) {
            if file.extension().is_some_and(|it| it == "md") && !known.contains(&file) {
                return Err(format!("{} belongs to no rule", file.display()).into());
            }
        }
    }
    Ok(())
}

fn pages_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules")
}
