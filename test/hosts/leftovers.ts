/**
 * The sockets, servers, pipes and child processes that keep this process open, by kind; asked for before and after, they show what a
 * test left behind. (Timers are left out: the test runner has some of its own.) What was closed a moment ago is still there until the
 * threads that do the work have come to it: it is waited for until what is there is as `before`, or 20 s are over.
 */
export async function leftovers(before?: readonly string[]): Promise<readonly string[]> {
  for (let looks = 0; ; looks++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 30)
    })
    const held = process
      .getActiveResourcesInfo()
      .filter((kind) => kind !== 'Timeout' && kind !== 'Immediate')
      .toSorted()
    if (before === undefined || held.join() === before.join() || looks > 600) return held
  }
}
