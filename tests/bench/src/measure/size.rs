//! How large the functions are when they are deployed.

use super::FUNCTIONS;
use crate::{failure::Result, lambda::Bed, report::Row};

/// Most megabytes of a zip.
const LIMIT: f64 = 6.0;

/// Deflates every function as a deployment does.
pub(crate) fn measure(bed: &Bed) -> Result<Vec<Row>> {
    let (_, bare) = bed.zipped("bare-clients")?;
    FUNCTIONS
        .into_iter()
        .map(|(name, _)| {
            let (binary, zip) = bed.zipped(name)?;
            let row = Row::single(format!("zip of {name}"), "MB", 1.0, megabytes(zip), LIMIT);
            Ok(row.beside(format!(
                "{:.2} MB unpacked; bare-clients {:.2} MB",
                megabytes(binary),
                megabytes(bare)
            )))
        })
        .collect()
}

fn megabytes(bytes: usize) -> f64 {
    u32::try_from(bytes).map_or(f64::INFINITY, f64::from) / 1_000_000.0
}
