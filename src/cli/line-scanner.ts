const LF = 10
/** What is kept of a line that began in an earlier chunk; a limit hit says everything within its first kilobytes. */
const MAX_CARRIED_BYTES = 65_536

export type LineScanner = {
  /** Looks at the next bytes; the buffer may be used again afterwards. */
  push(chunk: Buffer): void
  /** The last line may have no line end. */
  end(): void
}

/**
 * Calls `onLine` for each line that contains the needle, without its LF; the bytes are valid during the call only. The
 * lines without it are never cut apart, which is what makes this as fast as the memory.
 */
export function lineScanner(needle: string, onLine: (line: Buffer) => void): LineScanner {
  const wanted = Buffer.from(needle)
  const carried = Buffer.alloc(MAX_CARRIED_BYTES)
  let carriedBytes = 0
  let inLine = false

  const carry = (bytes: Buffer): void => {
    if (bytes.length === 0) return
    inLine = true
    carriedBytes += bytes.copy(carried, carriedBytes)
  }
  const endCarried = (): void => {
    const line = carried.subarray(0, carriedBytes)
    carriedBytes = 0
    inLine = false
    if (line.includes(wanted)) onLine(line)
  }

  return {
    push(chunk) {
      let start = 0
      if (inLine) {
        const lineEnd = chunk.indexOf(LF)
        carry(lineEnd === -1 ? chunk : chunk.subarray(0, lineEnd))
        if (lineEnd === -1) return
        endCarried()
        start = lineEnd + 1
      }
      const whole = chunk.subarray(start, chunk.lastIndexOf(LF) + 1)
      for (let at = whole.indexOf(wanted); at !== -1; ) {
        const lineStart = whole.lastIndexOf(LF, at) + 1
        const lineEnd = whole.indexOf(LF, at)
        onLine(whole.subarray(lineStart, lineEnd))
        at = whole.indexOf(wanted, lineEnd)
      }
      carry(chunk.subarray(start + whole.length))
    },
    end() {
      if (inLine) endCarried()
    },
  }
}
