//! Whole numbers of variable length: two's complement for `varint`, and the vints of the native
//! protocol, in which the leading ones of the first byte count the bytes that follow
//! (<https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v5.spec>, `[unsigned vint]`).

/// Writes the shortest two's complement, big-endian, at least one byte, of a number that is given
/// as two's complement of any length.
pub fn minimal(bytes: &[u8], out: &mut Vec<u8>) {
    let mut start = 0;
    while start + 1 < bytes.len() {
        let is_sign = match bytes[start] {
            0x00 => bytes[start + 1] & 0x80 == 0,
            0xff => bytes[start + 1] & 0x80 != 0,
            _ => false,
        };
        if !is_sign {
            break;
        }
        start += 1;
    }
    out.extend_from_slice(&bytes[start..]);
}

/// Writes an unsigned vint: 1 to 9 bytes.
pub fn unsigned(value: u64, out: &mut Vec<u8>) {
    let bits = 64 - value.leading_zeros() as usize;
    // Each byte that follows takes one bit of the first byte away, so that n bytes hold 7n bits,
    // up to 8 bytes; 9 bytes hold 64.
    let more = if bits > 56 { 8 } else { bits.max(1).div_ceil(7) - 1 };
    let bytes = value.to_be_bytes();
    let ones = !(0xff_u8.checked_shr(u32::try_from(more).unwrap_or(8)).unwrap_or(0));
    let first = if more == 8 { 0 } else { bytes[7 - more] };
    out.push(ones | first);
    out.extend_from_slice(&bytes[8 - more..]);
}

/// Writes a signed vint: zigzag, so that small numbers of either sign are short.
pub fn signed(value: i64, out: &mut Vec<u8>) {
    unsigned(((value << 1) ^ (value >> 63)).cast_unsigned(), out);
}
