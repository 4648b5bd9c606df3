//! Where `chown -R` behind a copy could as well be said while copying, and where that is not certain.

use dockopt::{edit::Safety, engine, finding::Finding, project::Project, settings::Settings};

fn findings(text: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let mut all = vec![("Dockerfile", text)];
    all.extend(files);
    let settings = Settings::default().with_selection(vec!["chown-after-copy".to_owned()], Vec::new());
    engine::check(&Project::in_memory(all, settings))
}

/// How safe the fix is; `None` without one.
fn safety(text: &str) -> Option<Safety> {
    let found = findings(text, &[("src/server.js", "")]);
    assert_eq!(found.len(), 1, "{text}");
    found[0].fix.as_ref().map(|it| it.safety)
}

#[test]
fn it_is_safe_only_where_nothing_else_can_be_in_the_folder() {
    const USUAL: &str = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN chown -R node:node /app\nUSER node\n";
    assert_eq!(safety(USUAL), Some(Safety::Safe));
    let of = |from: &str, to: &str| {
        assert!(USUAL.contains(from), "{from}");
        safety(&USUAL.replace(from, to))
    };
    // The base image may have files there, and lack the user.
    let unknown = USUAL.replace("node:22-slim", "registry.example/team/base:1");
    assert_eq!(safety(&unknown.replace("node:node", "1000:1000")), Some(Safety::Unsafe));
    assert_eq!(safety(&unknown), None);
    // A folder of the system is not empty.
    assert_eq!(
        of("WORKDIR /app\nCOPY . .\nRUN chown -R node:node /app", "COPY . /opt/\nRUN chown -R node:node /opt"),
        Some(Safety::Unsafe)
    );
    // Something earlier works in the folder, or names it.
    assert_eq!(of("COPY . .", "RUN npm init -y\nCOPY . ."), Some(Safety::Unsafe));
    assert_eq!(of("WORKDIR /app", "RUN mkdir /app && touch /app/log\nWORKDIR /app"), Some(Safety::Unsafe));
    // A volume forgets what is changed in it afterwards.
    assert_eq!(of("COPY . .", "VOLUME /app\nCOPY . ."), Some(Safety::Unsafe));
    // A folder on the way stays root's.
    assert_eq!(of("WORKDIR /app", "WORKDIR /app/data\nWORKDIR /app"), Some(Safety::Unsafe));
    // No group is named.
    assert_eq!(of("node:node /app", "node /app"), Some(Safety::Unsafe));
    // What runs in between, or beside it, may fill the folder.
    assert_eq!(of("RUN chown", "RUN npm ci\nRUN chown"), None);
    assert_eq!(of("RUN chown", "RUN npm ci && chown"), None);
    // The user is not there when the copy runs.
    assert_eq!(of("RUN chown -R node:node", "RUN useradd app && chown -R app:app"), None);
    // It may not run at all.
    assert_eq!(of("RUN chown", "RUN test -e /x && chown"), None);
    // Not everything gets this owner.
    assert_eq!(of("COPY . .", "COPY --chown=root:root src /app/src\nCOPY . ."), None);
}

#[test]
fn it_says_how_much_is_stored_twice() {
    const TEXT: &str = "FROM node:22-slim\nWORKDIR /app\nCOPY src src\nRUN chown -R node:node /app\n";
    let big = "x".repeat(1_500);
    let note = |files: &[(&str, &str)]| findings(TEXT, files).remove(0).note.unwrap_or_default();
    let told = note(&[("src/a.js", &big), ("src/b.js", &big), ("other.js", &big)]);
    assert!(told.contains("again, 3.00 kB in 2 files here."), "{told}");
    // What is kept back is not copied.
    let told = note(&[("src/a.js", &big), ("src/b.js", &big), (".dockerignore", "src/b.js\n")]);
    assert!(told.contains("1.50 kB in 1 file here."), "{told}");
    // A few bytes are not worth a word.
    assert!(!note(&[("src/a.js", "x")]).contains(" here"), "{told}");
}
