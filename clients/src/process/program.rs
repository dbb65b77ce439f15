//! What is to be started.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use forebay_core::component::{BuildContext, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A program, and what it is started with; flattened into the options of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// The program and its arguments, such as `["./poll-sensors", "--every", "1s"]`. No shell
    /// looks at them; where one is wanted: `["sh", "-c", "..."]`. A program with a `/` in its name
    /// begins at the folder of the configuration file, another is looked for in `PATH`.
    pub command: Vec<String>,
    /// Variables that it gets besides those of the gateway. Default none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// The folder that it runs in. Default the folder of the configuration file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
}

impl Program {
    /// Everything that is wrong. Paths begin at the connector's table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.command.first().is_none_or(String::is_empty) {
            let text = "there is no program to start";
            problems.push(Problem::at("command", text).help("command = [\"./program\"]"));
        }
        if self.command.iter().any(|word| word.contains('\0')) {
            problems.push(Problem::at("command", "must not hold zero bytes"));
        }
        for (name, value) in &self.environment {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                let text = "a name must not be empty or hold `=`, and nothing of it a zero byte";
                let mut problem = Problem::at("environment", text);
                problem.path.push(name.clone());
                problems.push(problem);
            }
        }
        problems
    }

    /// The same with its paths resolved.
    #[must_use]
    pub fn resolved(mut self, context: &BuildContext) -> Self {
        if let Some(word) = self.command.first_mut()
            && word.contains('/')
        {
            let path = context.path(Path::new(&*word));
            *word = std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned();
        }
        let directory = context.path(&self.directory.unwrap_or_default());
        let is_here = directory.as_os_str().is_empty();
        self.directory = Some(if is_here { PathBuf::from(".") } else { directory });
        self
    }

    /// The program itself, as it is shown.
    #[must_use]
    pub fn name(&self) -> &str {
        self.command.first().map_or("", String::as_str)
    }
}
