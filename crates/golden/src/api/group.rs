//! A group of requests, with what a real server answered to them.

use std::hash::{BuildHasher as _, RandomState};

use camino::Utf8PathBuf;

use super::answer::Answer;
use super::case::Case;
use super::compare::{Pairs, Unlike};
use super::course::{Course, Stage};
use super::declared::Declared;
use crate::GoldenError;
use crate::scenarios::{chosen, file, home};

/// A group of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
}

/// How like a real server's a group's answers are.
#[derive(Debug, Default)]
pub struct Likeness {
    /// How many are equal.
    pub equal: usize,
    /// How many are about kinds that are not served, and say so.
    pub unserved: usize,
    /// Those that differ as declared: the answer's name and the reason.
    pub declared: Vec<(String, String)>,
    /// Those that differ otherwise.
    pub unlike: Vec<(Answer, Vec<Unlike>)>,
    /// Answers that were declared to differ and do not.
    pub stale: Vec<String>,
}

/// All groups, or those of these names.
pub fn groups(names: &[String]) -> Result<Vec<Group>, GoldenError> {
    let folder = home().join("api/cases");
    let entries = folder.read_dir_utf8().map_err(file(&folder))?;
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.map_err(file(&folder))?;
        all.extend(entry.file_name().strip_suffix(".yaml").map(str::to_owned));
    }
    Ok(chosen(all, names)?.map(|name| Group { name }).collect())
}

/// What is declared about all groups.
pub fn declared() -> Result<Declared, GoldenError> {
    let path = home().join("api/declared.yaml");
    let text = std::fs::read_to_string(&path).map_err(file(&path))?;
    Declared::parse(&text).map_err(|(line, what)| GoldenError::Format { path, line, what })
}

impl Group {
    /// Sends the requests; the answers, in order.
    pub async fn play(
        &self,
        stage: &Stage,
        declared: &Declared,
    ) -> Result<Vec<Answer>, GoldenError> {
        let path = home().join("api/cases").join(format!("{}.yaml", self.name));
        let text = std::fs::read_to_string(&path).map_err(file(&path))?;
        let case: Case = serde_yaml::from_str(&text).map_err(|error| GoldenError::Format {
            line: error.location().map_or(1, |at| at.line()),
            what: error.to_string(),
            path,
        })?;
        let serves = |path: &str| declared.serves(path);
        let course = Course::new(stage, &case, &text, &fresh_name(), &serves);
        course.play().await.map_err(|what| GoldenError::Play {
            group: self.name.clone(),
            what,
        })
    }

    /// What a real server answered.
    pub fn load(&self) -> Result<Vec<Answer>, GoldenError> {
        let path = self.answers();
        let text = std::fs::read_to_string(&path).map_err(file(&path))?;
        Answer::parse(&text).map_err(|(line, what)| GoldenError::Format { path, line, what })
    }

    /// Keeps what a real server answered.
    pub fn save(&self, answers: &[Answer]) -> Result<(), GoldenError> {
        let path = self.answers();
        let text = Answer::text(answers).map_err(|error| GoldenError::Format {
            path: path.clone(),
            line: 1,
            what: error.to_string(),
        })?;
        std::fs::write(&path, text).map_err(file(&path))
    }

    fn answers(&self) -> Utf8PathBuf {
        let file = format!("{}.jsonl", self.name);
        home().join("api/kind-1.34").join(file)
    }

    /// Holds answers against the real server's.
    pub fn compare(&self, real: &[Answer], here: &[Answer], declared: &Declared) -> Likeness {
        let mut likeness = Likeness::default();
        let mut pairs = Pairs::default();
        let missing = |real: &Answer| Answer {
            said: serde_json::json!({"error": "there is no such answer"}),
            ..real.clone()
        };
        let mut stale: Vec<_> = declared.of(&self.name).collect();
        for real in real {
            let here = here.iter().find(|it| it.name == real.name);
            let here = here.cloned().unwrap_or_else(|| missing(real));
            let path = here.request.split_once(' ').map_or("", |(_, path)| path);
            if !declared.serves(path) && here.said["status"] == 404 {
                likeness.unserved += 1;
                continue;
            }
            let unlike = pairs.compare(real, &here);
            if unlike.is_empty() {
                likeness.equal += 1;
                continue;
            }
            stale.retain(|name| *name != real.name);
            match declared.fits(&self.name, &real.name, &unlike) {
                Some(known) => {
                    let known = (real.name.clone(), known.why.clone());
                    likeness.declared.push(known);
                }
                None => likeness.unlike.push((here, unlike)),
            }
        }
        likeness.stale = stale.into_iter().map(str::to_owned).collect();
        likeness
    }
}

impl Likeness {
    /// How many answers are about kinds that are served.
    pub fn compared(&self) -> usize {
        self.equal + self.declared.len() + self.unlike.len()
    }

    /// Whether at least so many percent of them are equal.
    pub fn reaches(&self, share: usize) -> bool {
        self.equal * 100 >= self.compared() * share
    }
}

/// A name that no other case has had: namespaces linger.
fn fresh_name() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz";
    const DIGITS: &[u8] = b"2456789";
    let mut seed = RandomState::new().hash_one("run");
    let mut take = |from: &[u8]| {
        let at = usize::try_from(seed % from.len() as u64).unwrap_or_default();
        seed /= from.len() as u64;
        char::from(from[at])
    };
    let letters: String = (0..5).map(|_| take(LETTERS)).collect();
    format!("{letters}{}", take(DIGITS))
}
