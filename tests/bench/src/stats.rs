//! Medians.

use std::time::Duration;

/// The value below which `share` of the values lie; zero when there are none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let place = (last as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or_default()
}

/// The middle value.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A number of things, to be divided.
pub(crate) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// Milliseconds with their fraction.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Two things measured side by side, a pair in every round.
#[derive(Debug, Default)]
pub(crate) struct Pairs(Vec<(f64, f64)>);

impl Pairs {
    pub(crate) fn add(&mut self, ours: f64, bare: f64) {
        self.0.push((ours, bare));
    }

    pub(crate) fn ours(&self) -> f64 {
        median(&self.0.iter().map(|pair| pair.0).collect::<Vec<_>>())
    }

    pub(crate) fn bare(&self) -> f64 {
        median(&self.0.iter().map(|pair| pair.1).collect::<Vec<_>>())
    }

    /// Median of the rounds' ratios, and their quartiles: what disturbs one round disturbs both
    /// sides of it, so this is steadier than a ratio of medians.
    pub(crate) fn ratio(&self) -> (f64, [f64; 2]) {
        let ratios: Vec<f64> = self.0.iter().map(|(ours, bare)| ours / bare).collect();
        (median(&ratios), [quantile(&ratios, 0.25), quantile(&ratios, 0.75)])
    }
}
