//! The table for people and the rows for programs.

use std::{fmt::Write, path::Path};

use serde::Serialize;

use crate::{failure::Result, stats::Pairs};

/// One thing measured against one other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    name: String,
    ratio: f64,
    bar: f64,
    /// Whether the bar is what the ratio has to reach, not what it must not pass.
    at_least: bool,
    holds: bool,
    ours: f64,
    bare: f64,
    unit: &'static str,
    /// Quartiles of the ratio, where it is a median.
    #[serde(skip_serializing_if = "Option::is_none")]
    quartiles: Option<[f64; 2]>,
    /// What is good to know beside it.
    beside: String,
}

impl Row {
    /// From a pair in every round.
    pub(crate) fn paired(name: impl Into<String>, unit: &'static str, bar: f64, pairs: &Pairs) -> Self {
        let (ratio, quartiles) = pairs.ratio();
        Self {
            quartiles: Some(quartiles),
            ..Self::new(name.into(), unit, bar, (pairs.ours(), pairs.bare()), ratio)
        }
    }

    /// From one number of ours and what it is held against.
    pub(crate) fn single(
        name: impl Into<String>,
        unit: &'static str,
        bar: f64,
        ours: f64,
        bare: f64,
    ) -> Self {
        Self::new(name.into(), unit, bar, (ours, bare), ours / bare)
    }

    fn new(name: String, unit: &'static str, bar: f64, (ours, bare): (f64, f64), ratio: f64) -> Self {
        Self {
            name,
            ratio,
            bar,
            at_least: false,
            holds: ratio <= bar,
            ours,
            bare,
            unit,
            quartiles: None,
            beside: String::new(),
        }
    }

    /// The bar has to be reached.
    pub(crate) fn at_least(self) -> Self {
        Self { at_least: true, holds: self.ratio >= self.bar, ..self }
    }

    /// Adds a remark.
    pub(crate) fn beside(self, beside: impl Into<String>) -> Self {
        Self { beside: beside.into(), ..self }
    }

    fn cells(&self) -> [String; 7] {
        let quantity = |value: f64| match self.unit {
            "ms" => format!("{value:.2} ms"),
            "MB" => format!("{value:.2} MB"),
            "s" => format!("{value:.2} s"),
            unit => format!("{value:.0} {unit}"),
        };
        let mut beside = self.beside.clone();
        if let Some([low, high]) = self.quartiles {
            let spread = format!("quartiles {low:.2}-{high:.2}");
            beside = if beside.is_empty() { spread } else { format!("{spread}; {beside}") };
        }
        [
            self.name.clone(),
            quantity(self.ours),
            quantity(self.bare),
            format!("{:.2}", self.ratio),
            format!("{}{:.2}", if self.at_least { ">= " } else { "" }, self.bar),
            if self.holds { "yes" } else { "NO" }.to_owned(),
            beside,
        ]
    }
}

/// The table.
pub(crate) fn table(rows: &[Row]) -> String {
    let head = ["what", "ours", "against", "ratio", "bar", "holds", "beside"].map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let mut widths = [0; 7];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (place, (cell, width)) in line.iter().zip(widths).enumerate() {
            // Names and remarks read from the left, numbers from the right.
            let _ = match place {
                0 => write!(text, "| {cell:<width$} "),
                6 => writeln!(text, "| {cell:<width$} |"),
                _ => write!(text, "| {cell:>width$} "),
            };
        }
        if number == 0 {
            for (place, width) in widths.into_iter().enumerate() {
                let rule = "-".repeat(width);
                let _ = match place {
                    0 => write!(text, "|:{rule}-"),
                    6 => writeln!(text, "|:{rule}-|"),
                    _ => write!(text, "|-{rule}:"),
                };
            }
        }
    }
    text
}

/// Writes the rows for programs.
pub(crate) fn write(rows: &[Row], path: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(rows)?;
    std::fs::write(path, json + "\n").map_err(|error| format!("{}: {error}", path.display()).into())
}

/// How many bars hold, in words.
pub(crate) fn verdict(rows: &[Row]) -> String {
    let broken = rows.iter().filter(|row| !row.holds).count();
    if broken == 0 {
        format!("all {} bars hold", rows.len())
    } else {
        format!("{broken} of {} bars do NOT hold", rows.len())
    }
}
