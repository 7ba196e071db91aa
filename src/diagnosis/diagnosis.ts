/**
 * What the bot concludes about an incident. Plain data: sentences without any markup, made of numbers, addresses and
 * service names only (never of a user's name), so that every view can show them.
 */
export type Diagnosis = {
  readonly kind: DiagnosisKind
  /** One sentence: what is going on. */
  readonly summary: string
  /** What it rests on, the most telling first. */
  readonly evidence: readonly string[]
  readonly recommend: Recommendation
  /** The limit that would do; above the one in force and within the cap. Undefined: no raise helps, or none is justified. */
  readonly suggestedValue: number | undefined
  /** Why this value, or why none; a sentence. */
  readonly why: string
  readonly advice: readonly AdviceText[]
}

export type DiagnosisKind =
  /** One user, alone at this address, needs more connections than the limit allows. */
  | 'many-devices'
  /** Several users connect from this address: an office, a webmail, a network behind one address. */
  | 'shared-address'
  /** One client opens connections and does not close them. */
  | 'leaking-client'
  /** Connections that were left over are gone by themselves. */
  | 'stale-sessions'
  /** Too many logins in one moment; there is room again. */
  | 'burst'
  /** The host shows no sessions that fit the line: it may be forged, or be over. Never a reason to raise. */
  | 'unconfirmed'
  /** The limit in force is higher already than the one that the line names. */
  | 'limit-already-raised'

export type Recommendation = 'raise' | 'look-again' | 'mend-client' | 'wait'

/** Something for a person to do on the mail host; the bot never runs it. */
export type AdviceText = {
  readonly kind: 'command' | 'config'
  /** What it is good for and what to mind; sentences. */
  readonly purpose: string
  /** The text to copy: one line for a command, several for configuration. */
  readonly text: string
}
