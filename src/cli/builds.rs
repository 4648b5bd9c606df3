//! `dockopt builds`: lists the builds that are defined.

use std::io::Write;

use super::{Failure, Status, Streams, settings_for, tell_problems};
use crate::{
    cli::args::Common,
    context,
    model::Model,
    report::{
        self, Format,
        builds::{self, Inferred},
    },
    workspace::STDIN,
};

pub(super) fn run(common: &Common, paths: &[String], streams: &mut Streams) -> Result<Status, Failure> {
    if paths.iter().any(|it| it == STDIN) {
        let message = "standard input names no builds".to_owned();
        return Err(Failure::Usage { message, help: Some("give folders or files".to_owned()) });
    }
    if !matches!(common.format(), Format::Human | Format::Json) {
        let message = format!("there is no list of builds in the format `{}`", common.format().as_str());
        return Err(Failure::Usage { message, help: Some("use `human` or `json`".to_owned()) });
    }
    let (workspace, settings) = settings_for(common, paths)?;
    let loaded = workspace.load(paths, None, settings);
    let mut status = tell_problems(&loaded.problems, streams)?;
    let project = &loaded.project;
    for error in &project.definition_errors {
        let source = project.source(error.location.file);
        let place = source.line_col(error.location.span.start);
        writeln!(streams.err, "error: {}:{}:{}: {}", source.path, place.line, place.column, error.message)?;
        status = Status::Failed;
    }
    let mut inferred = Inferred::new();
    for unit in &project.dockerfiles {
        let source = project.source(unit.file);
        if project.builds_of(&source.path).next().is_none() {
            let model = Model::of(unit.file, source, &unit.syntax, &std::collections::BTreeMap::new());
            let contexts = context::candidates(project, unit.file, &model);
            inferred.insert(source.path.clone(), contexts.iter().map(|it| it.folder.clone()).collect());
        }
    }
    let text = match common.format() {
        report::Format::Json => builds::json(project, &inferred),
        _ => builds::human(project, &inferred),
    };
    streams.out.write_all(text.as_bytes())?;
    Ok(status)
}
