//! Packing bodies: zstd, with a dictionary of what every alert repeats.

use std::{
    fmt, io,
    sync::{Mutex, PoisonError},
};

use zstd::bulk::{Compressor, Decompressor};

/// Names of the fields of alerts and events, as they stand in JSON. An alert of ten events is a
/// quarter smaller with it, which is a write unit less.
///
/// Never change it: what was packed with it can only be read with the very same bytes. Another
/// dictionary is another file and another schema version.
const DICTIONARY: &[u8] = include_bytes!("dictionary-1.txt");
/// zstd level: 3 packs a ten-event alert to a seventh in some 30 microseconds.
const LEVEL: i32 = 3;

/// Packs and unpacks bodies. It keeps the contexts it has made, one for each caller at a time,
/// because a new context costs more than packing an alert in it: it is large, it reads the
/// dictionary, and it asks the processor what it can do, which a virtual machine answers slowly.
#[derive(Default)]
pub(crate) struct Packer {
    compressors: Pool<Compressor<'static>>,
    decompressors: Pool<Decompressor<'static>>,
}

impl Packer {
    /// Packs a body.
    pub(crate) fn pack(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.compressors.with(|| Compressor::with_dictionary(LEVEL, DICTIONARY), |one| one.compress(bytes))
    }

    /// Unpacks a body of at most `size` bytes.
    pub(crate) fn unpack(&self, bytes: &[u8], size: usize) -> io::Result<Vec<u8>> {
        self.decompressors
            .with(|| Decompressor::with_dictionary(DICTIONARY), |one| one.decompress(bytes, size))
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packer")
    }
}

/// Contexts that nobody uses at the moment.
struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Pool<T> {
    fn with<R>(
        &self,
        make: impl FnOnce() -> io::Result<T>,
        work: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut one = idle.map_or_else(make, Ok)?;
        let result = work(&mut one);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        result
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_dictionary_is_frozen() {
        let digest = Sha256::digest(DICTIONARY);
        assert_eq!(digest[..8], [0x45, 0x2f, 0x0b, 0x94, 0x63, 0xf9, 0x65, 0x7d], "what is stored needs it");
    }

    #[test]
    fn the_names_of_an_event_cost_little() {
        let names = br#"{"DeviceEventClassID":"4625","DestinationUserName":"a","DeviceReceiptTime":1}"#;
        let without = zstd::bulk::compress(names, LEVEL).unwrap();
        assert!(Packer::default().pack(names).unwrap().len() < without.len() * 2 / 3);
    }

    #[test]
    fn what_is_larger_than_promised_or_broken_is_refused_and_breaks_nothing() {
        let packer = Packer::default();
        let small = packer.pack(&[7; 1000]).unwrap();
        assert!(packer.unpack(&small, 999).is_err());
        assert!(packer.unpack(&small[..small.len() - 1], 1000).is_err());
        assert_eq!(packer.unpack(&small, 1000).unwrap(), [7; 1000]);
    }

    proptest! {
        #[test]
        fn a_body_unpacks_to_itself(bytes: Vec<u8>) {
            let packer = Packer::default();
            let small = packer.pack(&bytes).unwrap();
            prop_assert_eq!(packer.unpack(&small, bytes.len()).unwrap(), bytes);
        }
    }
}
