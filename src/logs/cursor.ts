/** How far a log has been read. Survives rename, copy, compression, inode reuse and truncation (facts: only all of it together does). */
export type Cursor =
  | {
      readonly kind: 'file'
      readonly path: string
      readonly device: string
      readonly inode: string
      /** sha256 (hex) of the first line with its LF; undefined while the file had no whole line. */
      readonly fingerprint: string | undefined
      /** Bytes; just after a LF, or 0. */
      readonly offset: number
      /** sha256 (hex) of the last line before the offset, cut to its last 256 bytes; undefined at 0, and where it is not known. */
      readonly mark: string | undefined
      /** What was written later than this was not read yet: now, by our clock, or the last write to a file that is no longer the live one. */
      readonly atMs: number
    }
  | { readonly kind: 'journal'; readonly cursor: string; readonly atMs: number }
