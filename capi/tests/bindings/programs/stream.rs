//! The bytes of a stream, as scenario.h has them, and their hash.

pub const BLOCK: usize = 256 << 10;

/// CRC-32 as in zlib.
pub struct Crc {
    table: Vec<u32>,
    value: u32,
}

impl Crc {
    pub fn new() -> Crc {
        let bit = |c: u32| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 };
        let table = (0..256).map(|byte| (0..8).fold(byte, |c, _| bit(c))).collect();
        Crc { table, value: !0 }
    }

    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.value = self.table[(self.value as u8 ^ byte) as usize] ^ (self.value >> 8);
        }
    }

    pub fn sum(&self) -> u32 {
        !self.value
    }
}

/// From a multiple of 251 on, for more than a block.
pub fn pattern() -> Vec<u8> {
    (0..BLOCK + 251).map(|i| (i % 251) as u8).collect()
}

pub fn stream_crc(length: usize) -> u32 {
    let (mut crc, pattern) = (Crc::new(), pattern());
    for offset in (0..length).step_by(BLOCK) {
        crc.add(&pattern[offset % 251..][..BLOCK]);
    }
    crc.sum()
}
