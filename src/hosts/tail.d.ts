/** The part of npm's `tail` 2.2.6 that is used here; the package brings no types. */
declare module 'tail' {
  import type { EventEmitter } from 'node:events'

  export class Tail extends EventEmitter<{ line: [chunk: string]; error: [error: unknown] }> {
    constructor(
      path: string,
      options: { readonly follow: boolean; readonly separator: null; readonly encoding: 'latin1' },
    )
    /** From byte `position` on; `flush` reads at once what is there already. */
    watch(position: number, flush: boolean): void
    unwatch(): void
  }
}
