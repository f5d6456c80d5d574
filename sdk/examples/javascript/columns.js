// Reads and writes columns of a batch: lengths and bytes, see wit/README.md, section "Columns".

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Returns the values of a column as texts, and null for each null. */
export function texts(values, count) {
  const result = new Array(count).fill(null);
  let position = 0;
  // An empty list means that every value is null.
  values.lengths.forEach((length, index) => {
    if (length >= 0) {
      result[index] = decoder.decode(values.bytes.subarray(position, position + length));
      position += length;
    }
  });
  return result;
}

/** Returns a column of these texts. Each entry of `formats` is the format of the text at the same index. */
export function column(list, formats) {
  const encoded = list.map((text) => (text === null ? null : encoder.encode(text)));
  const bytes = new Uint8Array(encoded.reduce((sum, text) => sum + (text === null ? 0 : text.length), 0));
  let position = 0;
  for (const text of encoded) {
    if (text !== null) {
      bytes.set(text, position);
      position += text.length;
    }
  }
  const lengths = Int32Array.from(encoded, (text) => (text === null ? -1 : text.length));
  return { lengths, bytes, formatIndex: Uint32Array.from(formats) };
}

/** Returns the index of the format of each value. An empty list means the first format for every value. */
export function formatIndexes(values, count) {
  return values.formatIndex.length > 0 ? Array.from(values.formatIndex) : new Array(count).fill(0);
}
