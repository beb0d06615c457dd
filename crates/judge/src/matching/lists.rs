//! Lists: each expected element has an element of its own.
//!
//! Invariants:
//! - Where every expected element can have one, the match is found: a first
//!   element never takes away the only one that a later element could have.

use serde_json::Value;
use stayput_events::Mismatch;

use super::{compare_at, short, values};

/// Fields that name an element of a Kubernetes list, the surest first.
const KEYS: [&str; 10] = [
    "name",
    "type",
    "key",
    "ip",
    "uid",
    "containerPort",
    "port",
    "mountPath",
    "devicePath",
    "topologyKey",
];

pub(super) fn compare(path: &str, expected: &[Value], seen: &[Value], found: &mut Vec<Mismatch>) {
    if expected.is_empty() && !seen.is_empty() {
        let seen = Value::Array(seen.to_vec());
        found.push(values::mismatch(
            path,
            &Value::Array(Vec::new()),
            Some(&seen),
        ));
    }
    for (expected, at) in expected.iter().zip(assign(expected, seen)) {
        match (key_of(expected), at) {
            (Some((key, value)), Some(at)) => {
                let path = format!("{path}[{key}={}]", short(value));
                compare_at(&path, expected, seen.get(at), found);
            }
            (Some((key, value)), None) => found.push(Mismatch {
                object: String::new(),
                path: format!("{path}[{key}={}]", short(value)),
                expected: short(expected),
                seen: keys_there(key, seen),
            }),
            (None, Some(at)) if expected.is_object() || expected.is_array() => {
                compare_at(&format!("{path}[{at}]"), expected, seen.get(at), found);
            }
            (None, Some(at)) if same_element(expected, seen, at) => {}
            (None, _) => found.push(Mismatch {
                object: String::new(),
                path: path.to_owned(),
                expected: format!("an element {}", short(expected)),
                seen: short(&Value::Array(seen.to_vec())),
            }),
        }
    }
}

fn same_element(expected: &Value, seen: &[Value], at: usize) -> bool {
    seen.get(at)
        .is_some_and(|seen| values::same(expected, seen))
}

/// For each expected element the index of its own element in `seen`: a match
/// where there is one, else the closest that is left.
pub(super) fn assign(expected: &[Value], seen: &[Value]) -> Vec<Option<usize>> {
    let costs: Vec<Vec<Option<usize>>> = expected
        .iter()
        .map(|expected| seen.iter().map(|seen| cost(expected, seen)).collect())
        .collect();
    let mut taken = vec![None; seen.len()];
    for row in 0..expected.len() {
        give(row, &costs, &mut taken, &mut vec![false; seen.len()]);
    }
    let mut assigned = vec![None; expected.len()];
    for (column, row) in taken.iter().enumerate() {
        if let Some(row) = row {
            assigned[*row] = Some(column);
        }
    }
    for (row, costs) in costs.iter().enumerate() {
        if assigned[row].is_none()
            && let Some(column) = closest(costs, &taken)
        {
            taken[column] = Some(row);
            assigned[row] = Some(column);
        }
    }
    assigned
}

/// Finds a matching element for `row`, moving earlier rows to others if need be.
fn give(
    row: usize,
    costs: &[Vec<Option<usize>>],
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for column in 0..taken.len() {
        if costs[row][column] != Some(0) || tried[column] {
            continue;
        }
        tried[column] = true;
        let free = match taken[column] {
            None => true,
            Some(other) => give(other, costs, taken, tried),
        };
        if free {
            taken[column] = Some(row);
            return true;
        }
    }
    false
}

fn closest(costs: &[Option<usize>], taken: &[Option<usize>]) -> Option<usize> {
    costs
        .iter()
        .enumerate()
        .filter(|(column, _)| taken[*column].is_none())
        .filter_map(|(column, cost)| Some(((*cost)?, column)))
        .min()
        .map(|(_, column)| column)
}

/// How far an element is from the expected one; none where it is another by key.
fn cost(expected: &Value, seen: &Value) -> Option<usize> {
    if let Some((key, value)) = key_of(expected)
        && !seen.get(key).is_some_and(|seen| values::same(value, seen))
    {
        return None;
    }
    let mut found = Vec::new();
    compare_at("", expected, Some(seen), &mut found);
    Some(found.len())
}

fn key_of(expected: &Value) -> Option<(&'static str, &Value)> {
    KEYS.iter().find_map(|key| {
        let value = expected.get(key)?;
        (value.is_string() || value.is_number()).then_some((*key, value))
    })
}

fn keys_there(key: &str, seen: &[Value]) -> String {
    let there: Vec<String> = seen
        .iter()
        .filter_map(|seen| seen.get(key))
        .map(short)
        .collect();
    if there.is_empty() {
        "not there".to_owned()
    } else {
        format!("not there, only {}", there.join(", "))
    }
}
