/** The byte-level port beneath `LogSource`: one generation at a time, the same for ssh and local. Faults are `OpsError`. */
export type HostStream = {
  /** The live file and its rotated siblings, oldest first. */
  files(): Promise<readonly LogFile[]>
  /** Streams one generation from a position; see `follow` in host/PROTOCOL.md. */
  follow(request: FollowRequest, signal: AbortSignal): AsyncIterable<FollowRecord>
}

export type LogFile = {
  readonly path: string
  readonly live: boolean
  readonly device: string
  readonly inode: string
  /** Undefined for a compressed generation: positions count in the bytes before compression. */
  readonly sizeBytes: number | undefined
  readonly mtimeMs: number
  readonly fingerprint: string | undefined
  readonly compression: 'none' | 'gz' | 'xz' | 'zst' | 'bz2'
}

export type FollowRequest =
  | {
      readonly kind: 'file'
      readonly path: string
      readonly offset: number | 'end'
      readonly mark: string | undefined
    }
  | { readonly kind: 'journal'; readonly cursor: string | undefined }

export type FollowRecord =
  /** Comes first, and once more when a fingerprint that was unknown becomes known: before the first line in any case. */
  | {
      readonly kind: 'at'
      readonly device: string
      readonly inode: string
      readonly fingerprint: string | undefined
      readonly offset: string
      readonly mark: string | undefined
    }
  | {
      readonly kind: 'line'
      readonly start: string
      readonly end: string
      readonly cut: boolean
      readonly raw: Uint8Array
    }
  | {
      readonly kind: 'beat'
      readonly offset: string
      readonly mark: string | undefined
      /** Undefined in a compressed generation, and while the line at the offset is over 64 KiB long and has no end. */
      readonly sizeBytes: number | undefined
    }
  | { readonly kind: 'gap'; readonly from: string; readonly to: string; readonly code: string }
  | { readonly kind: 'rotated'; readonly offset: string; readonly mark: string | undefined }
  | { readonly kind: 'refused'; readonly code: 'moved' | 'truncated' | 'mark' }
