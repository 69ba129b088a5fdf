import { isUtf8 } from 'node:buffer'

const replacement = Buffer.from('\ufffd', 'utf8')

/**
 * A text as bytes of UTF-8, with three bytes for half a character, which UTF-8 itself cannot write (WTF-8). So any text
 * comes back as it was, and takes as many bytes as `Buffer.byteLength` says.
 */
export function toBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  // The platform writes half a character as U+FFFD.
  const isPlain = bytes.length === text.length || !bytes.includes(replacement)
  return isPlain || !/\p{Surrogate}/u.test(text) ? bytes : encode(text, bytes)
}

/** The text that `toBytes` made the bytes of. */
export function toText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decode(bytes)
}

/** Writes halves over the U+FFFD that stand for them: both take three bytes. */
function encode(text: string, bytes: Buffer): Buffer {
  let at = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) at += 1
    else if (unit < 0x800) at += 2
    else if (isHigh(unit) && isLow(text.charCodeAt(index + 1))) {
      at += 4
      index++
    } else {
      if (isHigh(unit) || isLow(unit)) {
        bytes[at] = 0xed
        bytes[at + 1] = 0x80 | ((unit >> 6) & 0x3f)
        bytes[at + 2] = 0x80 | (unit & 0x3f)
      }
      at += 3
    }
  }
  return bytes
}

function decode(bytes: Buffer): string {
  const units = new Uint16Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at]!
    const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    let point = size === 1 ? first : first & (0xff >> (size + 1))
    for (let next = 1; next < size; next++) point = (point << 6) | (bytes[at + next]! & 0x3f)
    if (point > 0xffff) {
      units[length++] = 0xd800 + ((point - 0x10000) >> 10)
      units[length++] = 0xdc00 + ((point - 0x10000) & 0x3ff)
    } else {
      units[length++] = point
    }
    at += size
  }
  return Buffer.from(units.buffer, 0, 2 * length).toString('utf16le')
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
