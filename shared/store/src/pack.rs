//! Packing bodies: zstd, with a dictionary of what every alert repeats.

use std::{cell::RefCell, io, sync::LazyLock};

use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

/// Names of the fields of alerts and events, as they stand in JSON. An alert of ten events is a
/// quarter smaller with it, which is a write unit less.
///
/// Never change it: what was packed with it can only be read with the very same bytes. Another
/// dictionary is another file and another schema version.
const DICTIONARY: &[u8] = include_bytes!("dictionary-1.txt");
/// zstd level: 3 packs a ten-event alert to a seventh in some 30 microseconds.
const LEVEL: i32 = 3;

static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

// Kept by each thread, because a new context costs more than packing an alert in it: it is large,
// and it asks the processor what it can do, which a virtual machine answers slowly.
thread_local! {
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Packs a body.
pub(crate) fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    PACKER.with_borrow_mut(|packer| match packer {
        Some(packer) => packer.compress(bytes),
        None => packer.insert(Compressor::with_prepared_dictionary(&ENCODER)?).compress(bytes),
    })
}

/// Unpacks a body of at most `size` bytes.
pub(crate) fn unpack(bytes: &[u8], size: usize) -> io::Result<Vec<u8>> {
    UNPACKER.with_borrow_mut(|unpacker| match unpacker {
        Some(unpacker) => unpacker.decompress(bytes, size),
        None => unpacker.insert(Decompressor::with_prepared_dictionary(&DECODER)?).decompress(bytes, size),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_dictionary_is_frozen() {
        let digest: String = Sha256::digest(DICTIONARY).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            digest, "452f0b9463f9657d3646a31bf8743325730814915178285b4a8dd58b4d369d6c",
            "what is stored could not be read any more"
        );
    }

    #[test]
    fn a_name_of_an_event_costs_almost_nothing() {
        let names = br#"{"DeviceEventClassID":"4625","DestinationUserName":"a","DeviceReceiptTime":1}"#;
        assert!(pack(names).unwrap().len() < names.len() / 2);
    }

    #[test]
    fn what_is_larger_than_promised_or_broken_is_refused_and_breaks_nothing() {
        let packed = pack(&[7; 1000]).unwrap();
        assert!(unpack(&packed, 999).is_err());
        assert!(unpack(&packed[..packed.len() - 1], 1000).is_err());
        assert_eq!(unpack(&packed, 1000).unwrap(), [7; 1000]);
    }

    proptest! {
        #[test]
        fn a_body_unpacks_to_itself(bytes: Vec<u8>) {
            prop_assert_eq!(unpack(&pack(&bytes).unwrap(), bytes.len()).unwrap(), bytes);
        }
    }
}
