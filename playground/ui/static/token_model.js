// Tokens as the server packs them (token_view.py): what to draw for each, and where a piece of the view may end.

const N_COLOURS = 6;
const CHUNK_TOKENS = 400, CHUNK_AT_LINE_END = 120;
const decoder = new TextDecoder("utf-8");

function escaped(text) {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function grouped(number) {
  return number.toLocaleString("en-US");
}

/** Whole numbers from base64 of little-endian integers of 2 or 4 bytes. */
function unpackNumbers({ width, packed }) {
  const binary = atob(packed), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return width === 2 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
}

function bytesOf(hex) {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.substr(2 * i, 2), 16);
  return bytes;
}

function spaced(hex) {
  return hex.replace(/..(?=.)/g, "$& ");
}

/** How many bytes follow the first one of a UTF-8 character; 0 for a byte that begins none. */
function bytesToCome(first) {
  if ((first & 0xe0) === 0xc0) return 1;
  if ((first & 0xf0) === 0xe0) return 2;
  return (first & 0xf8) === 0xf0 ? 3 : 0;
}

/** Write the bytes still missing of a character after a token, for each number that was missing before it. */
function writeMissing(bytes, after, at) {
  for (let before = 0; before < 4; before++) {
    let missing = before;
    for (const byte of bytes) missing = missing && (byte & 0xc0) === 0x80 ? missing - 1 : bytesToCome(byte);
    after[at + before] = missing;
  }
}

function cellHtml(id, isSpecial, inner) {
  const shown = escaped(inner).replace(/[⏎·]/g, (sign) => `<i class="pg-ws">${sign}</i>`);
  return `<span class="pg-tok pg-c${id % N_COLOURS}${isSpecial ? " pg-special" : ""}" data-id="${id}">${shown}</span><wbr>`;
}

class Tokens {
  constructor(answer) {
    Object.assign(this, answer);
    const n = answer.ids.length;
    this.places = unpackNumbers(answer.places);
    this.after = new Uint8Array(4 * n);
    this.newlines = new Uint8Array(n);
    this.widths = new Float32Array(n);
    this.cells = new Array(n);
    this.entryOf = new Map();
    for (let k = 0; k < n; k++) {
      const bytes = bytesOf(answer.hex[k]);
      writeMissing(bytes, this.after, 4 * k);
      for (const byte of bytes) this.newlines[k] += byte === 10;
      this.widths[k] = answer.labels[k].length + 0.2;
      this.entryOf.set(answer.ids[k], k);
    }
  }

  /** Pieces of the view, {first, end, lines}: none ends within a character, most end with a line. */
  cutIntoChunks(columns) {
    const chunks = [], { places, after, newlines, widths } = this;
    let first = 0, missing = 0, lines = 0, column = 0;
    for (let i = 0; i < places.length; i++) {
      const k = places[i], size = i + 1 - first;
      missing = after[4 * k + missing];
      column += widths[k];
      if (newlines[k] || column > columns) { lines += 1; column = 0; }
      if (missing || !(size >= CHUNK_TOKENS || (size >= CHUNK_AT_LINE_END && newlines[k]))) continue;
      chunks.push({ first, end: i + 1, lines: lines + (column > 0) });
      first = i + 1;
      lines = column = 0;
    }
    if (first < places.length) chunks.push({ first, end: places.length, lines: lines + 1 });
    return (this.chunks = chunks);
  }

  html({ first, end }) {
    const parts = [];
    let start = first, missing = 0;
    for (let i = first; i < end; i++) {
      missing = this.after[4 * this.places[i] + missing];
      if (missing && i + 1 < end) continue;
      parts.push(i === start ? this.cell(this.places[i]) : this.groupHtml(start, i + 1));
      start = i + 1;
    }
    return parts.join("");
  }

  cell(k) {
    const label = this.labels[k], breaks = "<br>".repeat(Math.min(2, this.newlines[k]));
    return (this.cells[k] ??= cellHtml(this.ids[k], !this.hex[k], label) + breaks);
  }

  /** One character, or several, that share tokens: shown once, with the bytes of each token beneath. */
  groupHtml(start, end) {
    const entries = Array.from(this.places.subarray(start, end));
    const whole = decoder.decode(bytesOf(entries.map((k) => this.hex[k]).join("")));
    const cells = entries.map((k) => cellHtml(this.ids[k], false, spaced(this.hex[k])));
    return `<span class="pg-group"><b>${escaped(whole)}</b><span>${cells.join("")}</span></span>`;
  }

  describe(id, count) {
    const k = this.entryOf.get(id);
    if (k === undefined) return `id ${id} · not in this text`;
    const share = this.n_tokens ? (100 * this.counts[k]) / this.n_tokens : 0;
    const bytes = this.hex[k] ? `bytes ${spaced(this.hex[k])}` : "no bytes";
    const inCorpus = count === undefined ? "" : ` · ${grouped(count)} in the corpus`;
    return `id ${id} · ${this.reprs[k]} · ${bytes} · ${grouped(this.counts[k])} here (${share.toFixed(1)} %)${inCorpus}`;
  }
}
