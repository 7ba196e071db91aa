import type { SessionSample } from '../diagnosis/diagnosis-input.ts'

const SAMPLES = 10
/** An incident that was not looked at for so long has most likely resolved, of which nobody tells us. */
const KEPT_MS = 60 * 60_000

/** What a host showed of the incidents that are looked at now, oldest first: to tell connections that grow from ones that go. */
export class RecentSamples {
  readonly #byIncident = new Map<string, readonly SessionSample[]>()

  get incidents(): number {
    return this.#byIncident.size
  }

  /** The newest samples of this incident, with the given one. */
  add(incidentId: string, sample: SessionSample): readonly SessionSample[] {
    const taken = [...(this.#byIncident.get(incidentId) ?? []), sample].slice(-SAMPLES)
    // Set anew, so that the map is in the order of the last look.
    this.#byIncident.delete(incidentId)
    this.#byIncident.set(incidentId, taken)
    for (const [id, samples] of this.#byIncident) {
      if ((samples.at(-1)?.atMs ?? 0) > sample.atMs - KEPT_MS) break
      this.#byIncident.delete(id)
    }
    return taken
  }
}
