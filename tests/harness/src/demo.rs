//! later
use crate::{args::Options, failure::Result};
pub(crate) async fn demo(_options: &Options) -> Result<u8> { Ok(0) }
