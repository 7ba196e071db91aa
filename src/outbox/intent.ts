/**
 * That something is to be said, never what: the message is rendered from the newest state when it is sent, posted once, then only edited.
 * One row a message key; a newer revision replaces an unsent one.
 */
export type Intent = {
  /** The channel id: messages of one lane are sent one after another. */
  readonly lane: string
  /** `alert:ID`, `remediation:ID`, `outcome:ID`, `request:ID`, `notice:HOST:CODE:ID`, `away:HOST:ID`. */
  readonly messageKey: string
  readonly kind: MessageKind
  readonly subjectId: string
  /** Grows with its subject. Each intent that is stored counts as news, whatever its number: several subjects can share one message. */
  readonly revision: number
  /** The message key in whose thread it stands. */
  readonly threadOf: string | undefined
  /** It only counts on: an edit for it lets every other one pass. */
  readonly relaxed?: boolean
}

/**
 * `alert`: an incident. `request`: a remediation without an incident. `remediation`: its steps, in a thread, edited as they happen.
 * `outcome`: how it ended and the verification, in the thread. `notice`: the state of a host (unreachable, gap, …). `away`: old hits found after an outage.
 */
export type MessageKind = 'alert' | 'request' | 'remediation' | 'outcome' | 'notice' | 'away'
