//! The programs that a cluster's images stand for, found before it begins.
//!
//! Invariant: nothing is downloaded for a cluster that this machine would not allow.

use stayput_cluster::ClusterError;
use stayput_node::images::{Entry, Found, Images, PullPolicy, Reference, built_in};
use stayput_node::programs::{Download, FindError, Finder};

use crate::{Options, preflight};

/// The table of images with what this machine has for it; what `wanted` needs is fetched.
pub(crate) fn find(options: &Options) -> Result<Images, ClusterError> {
    let Options {
        places,
        images: wanted,
        table,
        progress,
        ..
    } = options;
    let table = [table.0.clone(), built_in()].concat();
    let finder = Finder {
        path: places.path.clone(),
        cache: places.cache.clone().into(),
        download: Download::Allowed,
    };
    let needed = needed(&table, wanted);
    let missing = needed.iter().filter(|it| finder.present(it).is_none());
    let missing = missing.collect::<Vec<_>>();
    if !missing.is_empty() {
        preflight(&places.state)?;
    }
    for program in missing {
        progress.say(&format!(
            "`{program}` is not on this machine: downloading the distribution's package into {}",
            places.cache
        ));
    }
    let names = needed.iter().map(String::as_str).collect::<Vec<_>>();
    let images = finder.images(table, &names).map_err(absent)?;
    for image in wanted {
        if let Found::Absent(why) | Found::Never(why) = images.find(image, PullPolicy::IfNotPresent)
        {
            return Err(unfit(image, &why, &images));
        }
    }
    Ok(images)
}

/// Which programs those images stand for.
fn needed(table: &[Entry], wanted: &[String]) -> Vec<String> {
    let of = |image: &String| {
        let familiar = Reference::parse(image).familiar;
        let entry = table
            .iter()
            .find(|entry| entry.repositories.contains(&familiar));
        entry
            .map(|entry| entry.programs.clone())
            .unwrap_or_default()
    };
    let mut all = wanted.iter().flat_map(of).collect::<Vec<_>>();
    all.sort();
    all.dedup();
    all
}

/// The programs that have a version, for the report: `redis-server 7.0.15 (/usr/bin/redis-server)`.
pub(crate) fn versions(images: &Images, wanted: &[String]) -> Vec<String> {
    let needed = needed(&images.entries, wanted);
    let programs = images.programs.iter();
    let used = programs.filter(|(name, _)| needed.contains(name));
    used.filter_map(|(name, program)| {
        let version = program.version.as_ref()?;
        Some(format!("{name} {version} ({})", program.path.display()))
    })
    .collect()
}

fn absent(error: FindError) -> ClusterError {
    let cure = match &error {
        FindError::Absent { package, .. } | FindError::Download { package, .. } => {
            format!(
                "install the package `{package}`, for example `sudo apt-get install {package}`, or play it with `--cluster kind`"
            )
        }
        FindError::Unknown { .. } => {
            "install it, or name its file in the table of images (`--images`)".to_owned()
        }
        FindError::Cache { .. } => "make it writable, or name another in XDG_CACHE_HOME".to_owned(),
    };
    let what = error.to_string();
    let source = match error {
        FindError::Cache { source, .. } => Some(source),
        FindError::Absent { .. } | FindError::Unknown { .. } | FindError::Download { .. } => None,
    };
    ClusterError::Machine { what, cure, source }
}

fn unfit(image: &str, why: &str, images: &Images) -> ClusterError {
    let there = versions(images, &[image.to_owned()]);
    let there = if there.is_empty() {
        "no program for it".to_owned()
    } else {
        there.join(", ")
    };
    ClusterError::Machine {
        what: format!(
            "no program of this machine stands for the image `{image}`: {why} (there is {there})"
        ),
        cure: "install a program that is new enough, or play it with `--cluster kind`".to_owned(),
        source: None,
    }
}
