import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second, whatever its own clock does. */
const TICK_MS = 10

export type Usage = {
  /** Processor time of the process so far, and of its children that have ended. */
  readonly cpuMs: number
  readonly rssBytes: number
}

/** Throws when there is no such process. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0)
  const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0'
  return { cpuMs: ticks * TICK_MS, rssBytes: Number(rss) * 1024 }
}

/** A process with all below it. Memory is each process's fair share of what several share. */
export type TreeUsage = { readonly processes: number; readonly cpuMs: number; readonly memoryBytes: number }

export function treeUsageOf(pid: number): TreeUsage {
  try {
    const { cpuMs } = usageOf(pid)
    const share = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? '0'
    const own = { processes: 1, cpuMs, memoryBytes: Number(share) * 1024 }
    return childrenOf(pid).map(treeUsageOf).reduce(plus, own)
  } catch {
    // It ended meanwhile; its parent has its time.
    return { processes: 0, cpuMs: 0, memoryBytes: 0 }
  }
}

export function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  return children.split(' ').filter(Boolean).map(Number)
}

export function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'latin1').trim()
}

function plus(one: TreeUsage, other: TreeUsage): TreeUsage {
  return {
    processes: one.processes + other.processes,
    cpuMs: one.cpuMs + other.cpuMs,
    memoryBytes: one.memoryBytes + other.memoryBytes,
  }
}
