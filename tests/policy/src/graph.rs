//! The package graph as it is built: `cargo metadata` without the edges that no feature turns on.
//!
//! `cargo metadata` (and the lock file) also list optional packages that only a weak feature
//! (`ring?/std`) mentions. Nothing compiles them, so they do not count here.

use std::collections::{HashMap, HashSet};

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId};

use crate::Result;

/// The workspace and all it builds.
#[derive(Debug)]
pub struct Graph {
    /// What cargo says.
    pub metadata: Metadata,
    built: HashSet<PackageId>,
}

impl Graph {
    /// Asks cargo; the lock file is not touched.
    ///
    /// # Errors
    /// When cargo fails.
    pub fn load() -> Result<Self> {
        let mut command = MetadataCommand::new();
        command.current_dir(crate::root()).other_options(vec!["--locked".to_owned()]);
        let metadata = command.exec()?;
        let built = built(&metadata)?;
        Ok(Self { metadata, built })
    }

    /// Every package that is compiled for some target, ours included.
    pub fn built(&self) -> impl Iterator<Item = &Package> {
        self.metadata.packages.iter().filter(|package| self.built.contains(&package.id))
    }

    /// Our own packages.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.metadata.packages.iter().filter(|package| self.metadata.workspace_members.contains(&package.id))
    }

    /// Where a package of ours is, from the top of the repository, for example `shared/store`.
    #[must_use]
    pub fn place(&self, package: &Package) -> String {
        let directory = package.manifest_path.parent().unwrap_or(&package.manifest_path);
        directory.strip_prefix(&self.metadata.workspace_root).unwrap_or(directory).to_string()
    }
}

/// The dependencies of a package that end up in what it ships: no dev-dependencies.
pub fn shipped(package: &Package) -> impl Iterator<Item = &Dependency> {
    package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development)
}

fn built(metadata: &Metadata) -> Result<HashSet<PackageId>> {
    let resolve = metadata.resolve.as_ref().ok_or("cargo metadata has no graph")?;
    let nodes: HashMap<&PackageId, &Node> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let packages: HashMap<&PackageId, &Package> =
        metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let mut seen = HashSet::new();
    let mut queue: Vec<&PackageId> = metadata.workspace_members.iter().collect();
    while let Some(id) = queue.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let node = nodes.get(id).ok_or("a package is missing in cargo's graph")?;
        let package = packages.get(id).ok_or("a package is missing in cargo's list")?;
        for edge in &node.deps {
            let to = packages.get(&edge.pkg).ok_or("a package is missing in cargo's list")?;
            let declared =
                package.dependencies.iter().filter(|dependency| dependency.name == to.name.as_str());
            if declared.into_iter().any(|dependency| active(package, node, dependency)) {
                queue.push(&edge.pkg);
            }
        }
    }
    Ok(seen)
}

/// Whether a dependency is on: it is not optional, or a feature that is on asks for it.
fn active(package: &Package, node: &Node, dependency: &Dependency) -> bool {
    if !dependency.optional {
        return true;
    }
    let name = dependency.rename.as_deref().unwrap_or(&dependency.name);
    let explicit = format!("dep:{name}");
    let through = format!("{name}/");
    node.features.iter().any(|feature| {
        let feature: &str = feature.as_ref();
        feature == name
            || package
                .features
                .get(feature)
                .into_iter()
                .flatten()
                .any(|asked| *asked == explicit || asked == name || asked.starts_with(&through))
    })
}
