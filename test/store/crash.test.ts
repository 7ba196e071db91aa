import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/open-store.ts'

const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url))

describe('the store after SIGKILL', () => {
  it('holds exactly the hits up to its cursor, each time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'maillimit-crash-'))
    const path = join(folder, 'state.db')
    let before = 0
    try {
      for (let kill = 0; kill < 6; kill++) {
        await runAndKill(path, 20 + kill * 23)
        const store = openStore(path)
        const cursor = await store.cursor('mx1')
        const lines = cursor?.kind === 'file' ? cursor.offset : 0
        const incidents = await store.openIncidents()
        const counted = incidents.reduce((sum, incident) => sum + incident.hits, 0)
        const stored = (await store.hitsByLimit('mx1', 'imap', 0)).reduce((sum, row) => sum + row.hits, 0)
        const messages = await store.unsent('C1')
        store.close()
        expect(lines).toBeGreaterThan(before)
        expect({ counted, stored }).toEqual({ counted: lines, stored: lines })
        const alerted = incidents.filter((incident) => incident.alertedAtMs !== undefined).map(({ id }) => id)
        const alerts = messages.filter(({ kind }) => kind === 'alert').map(({ subjectId }) => subjectId)
        expect(alerts.toSorted()).toEqual(alerted.toSorted())
        before = lines
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

async function runAndKill(path: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [CHILD, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  expect(() => openStore(path)).toThrow(/another maillimit is running/)
  await setTimeout(afterMs)
  child.kill('SIGKILL')
  expect(await ended).toEqual([null, 'SIGKILL'])
}
