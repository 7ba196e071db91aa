import { inspectStore } from '../store/inspect-store.ts'
import { type Finding, failedBy, ok, warn } from './check.ts'

/** The state database: may be in use by the running bot, and is left as it is. */
export function* checkState(path: string): Generator<Finding, void, void> {
  let found: ReturnType<typeof inspectStore>
  try {
    found = inspectStore(path)
  } catch (error) {
    yield failedBy(error)
    return
  }
  if (found.kind === 'absent') {
    yield ok(`${path} is not there yet; the first start creates it in ${found.folder}`)
    return
  }
  const { schema, newestSchema, mode, ownerUid } = found
  const size = `${(found.sizeBytes / 1024 / 1024).toFixed(1)} MiB`
  const upgrade = schema < newestSchema ? `, which the next start brings to ${newestSchema}` : ''
  const use = found.inUse ? 'in use by a running bot' : 'no bot is running on it'
  yield ok(`${path} can be opened (${size}, schema ${schema}${upgrade}); ${use}`)
  if ((mode & 0o077) !== 0) {
    yield warn(
      `others may read ${path} (mode ${mode.toString(8).padStart(4, '0')}), and it holds names and addresses`,
      `chmod 600 ${path}`,
    )
  }
  if (process.getuid !== undefined && ownerUid !== process.getuid()) {
    yield warn(
      `${path} belongs to the account ${ownerUid}, and doctor runs as ${process.getuid()}`,
      "Run doctor as the bot's own account, or what it finds about keys and files may not hold for the bot.",
    )
  }
}
